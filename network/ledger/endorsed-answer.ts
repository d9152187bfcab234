import { Fault } from './fault.ts';
import { ChaincodeActionPayload, Payload, PreparedTransaction, Transaction } from './messages/index.ts';
import { Proposal } from './proposal.ts';
import type { Session } from './session.ts';

/**
 * One organization's signed statement about the ledger: its peer's endorsement of a system query, with the question that
 * it answers. All bytes as signed; `verifyAnswer` checks them offline.
 */
export interface EndorsedAnswer {
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
  /** ChaincodeProposalPayload without transient data: function and arguments. */
  readonly proposalPayload: Uint8Array;
  /** ProposalResponsePayload: what the peer signed together with its identity. */
  readonly responsePayload: Uint8Array;
  readonly endorser: Uint8Array;
  readonly signature: Uint8Array;
}

export type SystemQuery = 'GetTransactionByID' | 'GetBlockByNumber' | 'GetBlockByTxID' | 'GetChainInfo';

/** Asks one organization's peer through `qscc` and keeps its signature; the transaction is never sent to an orderer. */
export async function endorsedAnswer(
  session: Session,
  query: SystemQuery,
  args: readonly string[],
  request: { readonly organization: string; readonly signal?: AbortSignal },
): Promise<EndorsedAnswer> {
  const { organization, signal } = request;
  const proposal = new Proposal(session, 'qscc', query, [session.channel, ...args], {
    endorsingOrganizations: [organization],
    ...(signal === undefined ? {} : { signal }),
  });
  const { bytes } = await proposal.endorse().catch((error: unknown) => {
    throw notYetThere(error, organization);
  });
  const payload = Payload.decode(PreparedTransaction.decode(bytes).envelope?.payload ?? new Uint8Array(0));
  const action = ChaincodeActionPayload.decode(Transaction.decode(payload.data).actions[0]!.payload);
  const endorsement = action.action?.endorsements[0];
  if (payload.header === undefined || action.action === undefined || endorsement === undefined) {
    throw new Fault('corrupt', `the answer of ${organization} carries no endorsement`);
  }
  return {
    channelHeader: payload.header.channelHeader,
    signatureHeader: payload.header.signatureHeader,
    proposalPayload: action.chaincodeProposalPayload,
    responsePayload: action.action.proposalResponsePayload,
    endorser: endorsement.endorser,
    signature: endorsement.signature,
  };
}

/** A peer that has not reached the block, or not indexed it, says that there is none: asking again later helps. */
function notYetThere(error: unknown, organization: string): unknown {
  const absent = error instanceof Fault && /Failed to get (transaction|block)/.test(error.message);
  return absent
    ? new Fault('unavailable', `the peer of ${organization} does not know it yet`, { cause: error })
    : error;
}
