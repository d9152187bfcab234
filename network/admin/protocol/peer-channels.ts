import { list, message, string } from '../../ledger/messages/message.ts';
import { ask, type PeerConnection, PeerRefused } from './endorser.ts';

const ChannelQueryResponse = message({ channels: list(1, () => message({ channelId: string(1) })) });

/** Lets a peer join a channel by its genesis block (`cscc JoinChain`, admin). Joined already is fine. */
export async function joinPeer(peer: PeerConnection, genesisBlock: Uint8Array): Promise<void> {
  try {
    const args = ['JoinChain', genesisBlock];
    await ask(peer, { channel: '', chaincode: 'cscc', args }, 'joining the channel');
  } catch (error) {
    if (error instanceof PeerRefused && error.message.includes('already exists')) return;
    throw error;
  }
}

/** The channels that a peer has joined. */
export async function peerChannels(peer: PeerConnection): Promise<string[]> {
  const answer = await ask(peer, { channel: '', chaincode: 'cscc', args: ['GetChannels'] }, 'listing channels');
  return ChannelQueryResponse.decode(answer).channels.map(({ channelId }) => channelId);
}
