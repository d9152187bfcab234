export { type PeerCall, PeerClient, type PeerCredentials } from './peer-client.ts';
