import { ProposalResponse, SignedProposal } from '../wire/proposal.ts';
import { channelless } from './channelless.ts';
import type { Door } from './door.ts';
import type { PeerAnswer } from './peer.ts';
import { checkAtDoor, checkProposal, type UnpackedProposal, unpackProposal } from './proposal.ts';
import { RpcError, Status } from './rpc-error.ts';

/** `protos.Endorser/ProcessProposal` of one organization's peer. */
export async function processProposal(request: Buffer, door: Door): Promise<Buffer> {
  let proposal: UnpackedProposal;
  try {
    proposal = unpackProposal(SignedProposal.decode(request));
  } catch (cause) {
    throw new RpcError(Status.UNKNOWN, `error unmarshalling Proposal: ${(cause as Error).message}`);
  }
  try {
    return answered(await answerTo(proposal, door));
  } catch (cause) {
    throw new RpcError(Status.UNKNOWN, (cause as Error).message);
  }
}

async function answerTo(proposal: UnpackedProposal, door: Door): Promise<PeerAnswer> {
  const { channelId } = proposal.channelHeader;
  if (channelId === '') return channelless(proposal, door);
  const channel = door.channels.get(channelId);
  if (channel === undefined) return { response: { status: 500, message: `channel '${channelId}' not found` } };
  checkAtDoor(proposal, channel, channel.ledger.config.identities);
  const creator = checkProposal(proposal, channel);
  using snapshot = channel.ledger.snapshot();
  return door.localOf(channel).endorse(proposal, snapshot.height, creator);
}

function answered({ response, payload, endorsement, interest }: PeerAnswer): Buffer {
  return ProposalResponse.encode({
    version: endorsement === undefined ? 0 : 1,
    response,
    payload,
    endorsement,
    interest: interest === undefined ? undefined : { chaincodes: interest },
  });
}
