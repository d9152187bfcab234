export {
  type ChainLink,
  ChannelTrust,
  configurationIn,
  configurationsToStartWith,
  type TrustedConfig,
} from './channel-trust.ts';
export { type PeerCall, PeerClient, type PeerCredentials } from './peer-client.ts';
