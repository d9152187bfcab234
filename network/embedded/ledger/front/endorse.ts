import { plainCall } from '../engine/interest.ts';
import type { Identity } from '../msp/identity.ts';
import { Payload } from '../wire/envelope.ts';
import { EndorseRequest, EndorseResponse, type ErrorDetail } from '../wire/gateway.ts';
import { ChaincodeActionPayload, Transaction } from '../wire/proposal.ts';
import { detailOf, failureOf } from './answers.ts';
import type { Channel } from './channel.ts';
import type { Door } from './door.ts';
import type { Peer, PeerAnswer } from './peer.ts';
import { NoPlan, Plan } from './plan.ts';
import {
  checkAtDoor,
  checkProposal,
  checkTime,
  farWords,
  ProposalRefused,
  refusedOr,
  type UnpackedProposal,
  unpackProposal,
} from './proposal.ts';
import { RpcError, Status } from './rpc-error.ts';

const FIRST_FAILED = 'failed to endorse transaction, see attached details for more info';
const TOO_FEW = 'failed to collect enough transaction endorsements, see attached details for more info';

/** `gateway.Gateway/Endorse`: collects endorsements until the policies of everything written hold. */
export async function endorse(request: Buffer, door: Door): Promise<Buffer> {
  const { proposedTransaction, endorsingOrganizations } = EndorseRequest.decode(request);
  const proposal = unpacked(proposedTransaction);
  const channel = door.channels.get(proposal.channelHeader.channelId);
  const { channelId } = proposal.channelHeader;
  const able = (channel?.peers ?? []).filter((peer) => peer.has(proposal.routedBy));
  if (endorsingOrganizations.length > 0) {
    const missing = endorsingOrganizations.filter((mspId) => !able.some((peer) => peer.mspId === mspId));
    if (missing.length > 0 || channel === undefined) {
      throw new RpcError(Status.UNAVAILABLE, `failed to find any endorsing peers for org(s): ${missing.join(', ')}`);
    }
    const named = able.filter(({ mspId }) => endorsingOrganizations.includes(mspId));
    using round = new Round(proposal, channel, door.localOf(channel));
    await round.ask(named);
    return round.prepared(named, named[0]!) ?? round.tooFew();
  }
  const local = channel && able.find((peer) => peer === door.localOf(channel));
  if (channel === undefined || (local === undefined && proposal.hasTransient)) throw withoutLocal(proposal, channelId);
  using round = new Round(proposal, channel, door.localOf(channel));
  const first = planned(() =>
    Plan.for(channel.ledger, channelId, [plainCall(proposal.routedBy)], channel.peers, local),
  );
  // Where the own organization has not approved the chaincode, the first of those who can endorse it is asked.
  const leader = local ?? (first instanceof NoPlan ? undefined : first.next(new Set())?.[0]);
  if (leader === undefined) {
    throw first instanceof NoPlan
      ? new RpcError(Status.FAILED_PRECONDITION, first.message)
      : withoutLocal(proposal, channelId);
  }
  // Others are asked along with the first, except where secrets could reach organizations that must not see them.
  const along = proposal.hasTransient || first instanceof NoPlan ? [] : (first.next(new Set()) ?? []);
  await round.ask([...new Set([leader, ...along])]);
  round.checkFirst(leader);
  const plan = planAfter(round.answerOf(leader), proposal, channel, local);
  for (let chosen = plan.next(round.failed); chosen !== undefined; chosen = plan.next(round.failed)) {
    await round.ask(chosen);
    const prepared = round.prepared(chosen, leader);
    if (prepared !== undefined) return prepared;
  }
  return round.tooFew();
}

/** The endorsements of one proposal, all simulated at one height. */
class Round implements Disposable {
  readonly failed = new Set<Peer>();
  readonly #details = new Map<Peer, ErrorDetail>();
  readonly #answers = new Map<Peer, PeerAnswer>();
  readonly #proposal: UnpackedProposal;
  readonly #channel: Channel;
  readonly #local: Peer;
  readonly #creator: Identity | ProposalRefused;
  readonly #snapshot: Disposable & { readonly height: number };

  constructor(proposal: UnpackedProposal, channel: Channel, local: Peer) {
    this.#proposal = proposal;
    this.#channel = channel;
    this.#local = local;
    this.#snapshot = channel.ledger.snapshot();
    this.#creator = refusedOr(() => checkProposal(proposal, channel));
  }

  [Symbol.dispose](): void {
    this.#snapshot[Symbol.dispose]();
  }

  answerOf(peer: Peer): PeerAnswer {
    return this.#answers.get(peer)!;
  }

  async ask(peers: readonly Peer[]): Promise<void> {
    await Promise.all(
      peers.filter((peer) => !this.#answers.has(peer) && !this.failed.has(peer)).map((peer) => this.#askOne(peer)),
    );
  }

  async #askOne(peer: Peer): Promise<void> {
    // The local peer is asked inside the process, behind the door at which others check expiry.
    const atDoor = refusedOr(() =>
      peer === this.#local
        ? checkTime(this.#proposal, this.#channel)
        : checkAtDoor(this.#proposal, this.#channel, this.#channel.ledger.config.identities),
    );
    const creator = atDoor instanceof ProposalRefused ? atDoor : this.#creator;
    if (creator instanceof ProposalRefused) {
      return this.#fail(peer, peer === this.#local ? creator.message : farWords(creator));
    }
    const answer = await peer.endorse(this.#proposal, this.#snapshot.height, creator);
    const failure = failureOf(answer);
    if (failure === undefined) this.#answers.set(peer, answer);
    else this.#fail(peer, failure.message);
  }

  #fail(peer: Peer, message: string): void {
    this.failed.add(peer);
    this.#details.set(peer, detailOf(peer, message));
  }

  /** The gateway asks one endorser before all others; where that fails, only it is named. */
  checkFirst(first: Peer): void {
    const detail = this.#details.get(first);
    if (detail !== undefined) throw new RpcError(Status.ABORTED, FIRST_FAILED, [detail]);
  }

  /** The transaction to be signed, where all of these peers have answered and agree with what `reference` answered. */
  prepared(peers: readonly Peer[], reference: Peer): Buffer | undefined {
    const first = this.#answers.get(reference);
    for (const peer of peers) {
      const payload = this.#answers.get(peer)?.payload;
      if (payload !== undefined && first?.payload !== undefined && !payload.equals(first.payload)) {
        this.#fail(peer, 'ProposalResponsePayloads do not match');
      }
    }
    if (first?.payload === undefined || peers.some((peer) => this.failed.has(peer))) return undefined;
    const endorsements = peers.flatMap((peer) => this.#answers.get(peer)?.endorsement ?? []);
    return preparedTransaction(this.#proposal, first.payload, endorsements);
  }

  tooFew(): never {
    throw new RpcError(Status.ABORTED, TOO_FEW, [...this.#details.values()]);
  }
}

/** What the first endorser says that the transaction touches decides who else must endorse. */
function planAfter(answer: PeerAnswer, proposal: UnpackedProposal, channel: Channel, local: Peer | undefined): Plan {
  const { ledger } = channel;
  const reported = answer.interest ?? [];
  const interest = reported.length > 0 ? reported : [plainCall(proposal.routedBy)];
  const guarded = interest.map((call) => (proposal.hasTransient ? { ...call, noPrivateReads: false } : call));
  const plan = planned(() => Plan.for(ledger, channel.id, guarded, channel.peers, local));
  if (!(plan instanceof NoPlan)) return plan;
  const secret = proposal.hasTransient ? interest.filter((call) => call.noPrivateReads) : [];
  if (
    secret.length > 0 &&
    !(planned(() => Plan.for(ledger, channel.id, interest, channel.peers, local)) instanceof NoPlan)
  ) {
    const names = secret.flatMap(({ collectionNames }) => collectionNames).join(' ');
    const why = `requires endorsement from organisation(s) that are not in the distribution policy of the private data collection(s): [${names}]; retry specifying trusted endorsing organizations to protect transient data`;
    throw new RpcError(Status.FAILED_PRECONDITION, why);
  }
  throw new RpcError(Status.FAILED_PRECONDITION, plan.message);
}

function withoutLocal({ hasTransient, routedBy }: UnpackedProposal, channelId: string): RpcError {
  const why = hasTransient
    ? "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect transient data"
    : `no combination of peers can be derived which satisfy the endorsement policy: No metadata was found for chaincode ${routedBy} in channel ${channelId}`;
  return new RpcError(Status.FAILED_PRECONDITION, why);
}

function unpacked(signed: Parameters<typeof unpackProposal>[0] | undefined): UnpackedProposal {
  if (signed === undefined || signed.proposalBytes.length === 0) {
    throw new RpcError(Status.INVALID_ARGUMENT, 'the proposed transaction must contain a signed proposal');
  }
  try {
    return unpackProposal(signed);
  } catch (cause) {
    throw new RpcError(Status.INVALID_ARGUMENT, `error unmarshalling Proposal: ${(cause as Error).message}`);
  }
}

function preparedTransaction(
  { header, openPayload }: UnpackedProposal,
  proposalResponsePayload: Buffer,
  endorsements: readonly { readonly endorser: Buffer; readonly signature: Buffer }[],
): Buffer {
  const action = { proposalResponsePayload, endorsements };
  const payload = ChaincodeActionPayload.encode({ chaincodeProposalPayload: openPayload, action });
  const data = Transaction.encode({ actions: [{ header: header.signatureHeader, payload }] });
  return EndorseResponse.encode({ preparedTransaction: { payload: Payload.encode({ header, data }) } });
}

function planned(make: () => Plan): Plan | NoPlan {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof NoPlan) return cause;
    throw cause;
  }
}
