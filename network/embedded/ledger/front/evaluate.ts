import { EvaluateRequest, EvaluateResponse } from '../wire/gateway.ts';
import { detailOf, failureOf } from './answers.ts';
import type { Channel } from './channel.ts';
import type { Door } from './door.ts';
import type { Peer } from './peer.ts';
import {
  checkProposal,
  checkTime,
  farWords,
  ProposalRefused,
  refusedOr,
  type UnpackedProposal,
  unpackProposal,
} from './proposal.ts';
import { RpcError, Status } from './rpc-error.ts';

const NONE_EVALUATED = 'failed to evaluate transaction, see attached details for more info';

/** `gateway.Gateway/Evaluate`: one peer simulates, the own organization's first; nothing is ordered. */
export async function evaluate(request: Buffer, door: Door): Promise<Buffer> {
  const { proposedTransaction, targetOrganizations } = EvaluateRequest.decode(request);
  const proposal = unpacked(proposedTransaction);
  const { channelId } = proposal.channelHeader;
  const channel = door.channels.get(channelId);
  if (channel === undefined) {
    const why = `failed to get config for channel [${channelId}]: could not get last config for channel ${channelId}`;
    throw new RpcError(Status.UNAVAILABLE, why);
  }
  const local = door.localOf(channel);
  const candidates = candidatesFor(proposal, targetOrganizations, channel, local);
  const untimely = refusedOr(() => checkTime(proposal, channel));
  if (untimely instanceof ProposalRefused) {
    const saidBy = (peer: Peer) => detailOf(peer, peer === local ? untimely.message : farWords(untimely));
    throw new RpcError(Status.UNAVAILABLE, NONE_EVALUATED, candidates.map(saidBy));
  }
  const details: ReturnType<typeof detailOf>[] = [];
  using snapshot = channel.ledger.snapshot();
  for (const peer of candidates) {
    const creator = checked(proposal, channel, peer);
    const answer = await peer.endorse(proposal, snapshot.height, creator);
    const failure = failureOf(answer);
    if (failure === undefined) return EvaluateResponse.encode({ result: answer.response });
    details.push(detailOf(peer, failure.message));
    if (!failure.retry) {
      throw new RpcError(failure.code, `evaluate call to endorser returned error: ${failure.message}`, details);
    }
  }
  throw new RpcError(Status.ABORTED, NONE_EVALUATED, details);
}

function unpacked(signed: Parameters<typeof unpackProposal>[0] | undefined): UnpackedProposal {
  const wrong = (why: string): never => {
    throw new RpcError(Status.INVALID_ARGUMENT, `failed to unpack transaction proposal: ${why}`);
  };
  if (signed === undefined || signed.proposalBytes.length === 0) return wrong('a signed proposal is required');
  let proposal: UnpackedProposal;
  try {
    proposal = unpackProposal(signed);
  } catch (cause) {
    return wrong(`error unmarshalling Proposal: ${(cause as Error).message}`);
  }
  const { channelId } = proposal.channelHeader;
  if (channelId === '') return wrong('no channel id provided');
  return proposal.routedBy === '' ? wrong(`no chaincode name is provided, channel id [${channelId}]`) : proposal;
}

/** With transient data and no organizations named only the own one is asked, so that secrets stay there. */
function candidatesFor(
  { routedBy, hasTransient, channelHeader }: UnpackedProposal,
  targets: readonly string[],
  channel: Channel,
  local: Peer,
): readonly Peer[] {
  const allowed = hasTransient && targets.length === 0 ? [local.mspId] : targets;
  const inOrder = [local, ...channel.peers.filter((peer) => peer !== local)];
  const able = inOrder.filter((peer) => peer.has(routedBy));
  const candidates = able.filter(({ mspId }) => allowed.length === 0 || allowed.includes(mspId));
  if (candidates.length > 0) return candidates;
  const none = `no peers available to evaluate chaincode ${routedBy} in channel ${channelHeader.channelId}`;
  const secret =
    "no endorsers found in the gateway's organization; retry specifying target organization(s) to protect transient data: ";
  throw new RpcError(Status.FAILED_PRECONDITION, allowed === targets ? none : `${secret}${none}`);
}

function checked(proposal: UnpackedProposal, channel: Channel, peer: Peer) {
  try {
    return checkProposal(proposal, channel);
  } catch (cause) {
    if (!(cause instanceof ProposalRefused)) throw cause;
    const text = `evaluate call to endorser returned error: ${cause.message}`;
    throw new RpcError(Status.FAILED_PRECONDITION, text, [detailOf(peer, cause.message)]);
  }
}
