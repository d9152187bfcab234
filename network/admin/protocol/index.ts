export { ask, type PeerConnection, PeerRefused } from './endorser.ts';
export { type OpenChannelRequest, openChannel } from './open-channel.ts';
export {
  type BlockPlace,
  broadcast,
  fetchBlock,
  fetchConfigBlock,
  lastConfigOf,
  type OrdererConnection,
} from './orderer.ts';
export {
  type ChannelInfo,
  channelInfo,
  joinOrderer,
  leaveOrderer,
  listChannels,
  type OrdererAdmin,
} from './participation.ts';
export { joinPeer, peerChannels } from './peer-channels.ts';
export { type BuiltProposal, buildProposal, buildTransaction } from './proposal.ts';
