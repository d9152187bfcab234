import { ProposalResponse, SignedProposal } from '../wire/proposal.ts';
import type { Door } from './door.ts';
import type { PeerAnswer } from './peer.ts';
import { checkAtDoor, checkProposal, isSystemChaincode, type UnpackedProposal, unpackProposal } from './proposal.ts';
import { RpcError, Status } from './rpc-error.ts';

/** `protos.Endorser/ProcessProposal` of one organization's peer. */
export async function processProposal(request: Buffer, door: Door): Promise<Buffer> {
  let proposal: UnpackedProposal;
  try {
    proposal = unpackProposal(SignedProposal.decode(request));
  } catch (cause) {
    throw new RpcError(Status.UNKNOWN, `error unmarshalling Proposal: ${(cause as Error).message}`);
  }
  const { channelId } = proposal.channelHeader;
  // Proposals without a channel (cscc's list of channels) are judged by the rules of the only channel there is.
  const channel = channelId === '' ? [...door.channels.values()][0] : door.channels.get(channelId);
  if (channel === undefined)
    return answered({ response: { status: 500, message: `channel '${channelId}' not found` } });
  try {
    checkAtDoor(proposal, channel);
    const creator = checkProposal(proposal, channel);
    if (channelId === '' && !isSystemChaincode(proposal.chaincode)) {
      const why = `make sure the chaincode ${proposal.chaincode} has been successfully defined on channel  and try again`;
      return answered({ response: { status: 500, message: `${why}: could not get channel config for channel ''` } });
    }
    using snapshot = channel.ledger.snapshot();
    return answered(await door.localOf(channel).endorse(proposal, snapshot.height, creator));
  } catch (cause) {
    throw new RpcError(Status.UNKNOWN, (cause as Error).message);
  }
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
