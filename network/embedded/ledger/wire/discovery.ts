import { bytes, list, map, message, nested, string, uint64, type Wire } from './message.ts';
import { ChaincodeInterest } from './proposal.ts';

// Service discovery and the gossip messages in which it describes peers (fabric-protos `discovery`, `gossip`).

export const SignedRequest = message('SignedRequest', { payload: bytes(1), signature: bytes(2) });
const AuthInfo = message('AuthInfo', { clientIdentity: bytes(1), clientTlsCertHash: bytes(2) });
const Nothing = message('Nothing', {});
const PeerMembershipQuery = message('PeerMembershipQuery', { filter: nested(1, () => ChaincodeInterest) });
const ChaincodeQuery = message('ChaincodeQuery', { interests: list(nested(1, () => ChaincodeInterest)) });
export const Query = message('Query', {
  channel: string(1),
  configQuery: nested(2, () => Nothing),
  peerQuery: nested(3, () => PeerMembershipQuery),
  chaincodeQuery: nested(4, () => ChaincodeQuery),
  localPeers: nested(5, () => Nothing),
});
export const Request = message('Request', {
  authentication: nested(1, () => AuthInfo),
  queries: list(nested(2, () => Query)),
});

const GossipEnvelope = message('Envelope', { payload: bytes(1), signature: bytes(2) });
export const Peer = message('Peer', {
  stateInfo: nested(1, () => GossipEnvelope),
  membershipInfo: nested(2, () => GossipEnvelope),
  identity: bytes(3),
});
const Peers = message('Peers', { peers: list(nested(1, () => Peer)) });
const PeersEntry = message('PeersEntry', { key: string(1), value: nested(2, () => Peers) });
const PeerMembershipResult = message('PeerMembershipResult', { peersByOrganization: map(1, () => PeersEntry) });

const QuantityEntry = message('QuantityEntry', { key: string(1), value: uint64(2) });
const Layout = message('Layout', { quantitiesByGroup: map(1, () => QuantityEntry) });
export const EndorsementDescriptor = message('EndorsementDescriptor', {
  chaincode: string(1),
  endorsersByGroups: map(2, () => PeersEntry),
  layouts: list(nested(3, () => Layout)),
});
const ChaincodeQueryResult = message('ChaincodeQueryResult', {
  content: list(nested(1, () => EndorsementDescriptor)),
});

/** `FabricMSPConfig` stays as the bytes that the channel's configuration holds. */
const MspEntry = message('MspEntry', { key: string(1), value: bytes(2) });
const Endpoint = message('Endpoint', { host: string(1), port: uint64(2) });
const Endpoints = message('Endpoints', { endpoint: list(nested(1, () => Endpoint)) });
const EndpointsEntry = message('EndpointsEntry', { key: string(1), value: nested(2, () => Endpoints) });
const ConfigResult = message('ConfigResult', { msps: map(1, () => MspEntry), orderers: map(2, () => EndpointsEntry) });

const DiscoveryError = message('Error', { content: string(1) });
export const QueryResult = message('QueryResult', {
  error: nested(1, () => DiscoveryError),
  configResult: nested(2, () => ConfigResult),
  chaincodeResult: nested(3, () => ChaincodeQueryResult),
  members: nested(4, () => PeerMembershipResult),
});
export const Response = message('Response', { results: list(nested(1, () => QueryResult)) });

const PeerTime = message('PeerTime', { incarnation: uint64(1), sequence: uint64(2) });
const Member = message('Member', { endpoint: string(1), metadata: bytes(2), pkiId: bytes(3) });
const AliveMessage = message('AliveMessage', {
  membership: nested(1, () => Member),
  timestamp: nested(2, () => PeerTime),
  identity: bytes(4),
});
const Chaincode = message('Chaincode', { name: string(1), version: string(2), metadata: bytes(3) });
const Properties = message('Properties', {
  ledgerHeight: uint64(1),
  chaincodes: list(nested(3, () => Chaincode)),
});
const StateInfo = message('StateInfo', {
  timestamp: nested(2, () => PeerTime),
  pkiId: bytes(3),
  channelMac: bytes(4),
  properties: nested(5, () => Properties),
});
export const GossipMessage = message('GossipMessage', {
  nonce: uint64(1),
  channel: bytes(2),
  tag: uint64(3),
  alive: nested(5, () => AliveMessage),
  stateInfo: nested(15, () => StateInfo),
});
/** To whom a gossip message may be passed on. */
export const GossipTag = { EMPTY: 1, CHANNEL_OR_ORGANIZATION: 5 } as const;

export type Query = Wire<typeof Query>;
export type Peer = Wire<typeof Peer>;
