import type { ChangeId, MspId } from '@d-cloud/chaincode/domain';
import { type ChangeProposal, type ChangeReview, reviewChange, type Versions } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { ChangeState, OwnAnswer } from './change-store.ts';

/** A change as people see it: what its proposer says of it, and what the own peer's configuration makes of its bytes. */
export type ChangeView = {
  readonly id: ChangeId;
  readonly channel: string;
  /** The configuration that it was made for. */
  readonly sequence: number;
  readonly proposer: MspId;
  /** The proposer's own words; nothing is decided by them. */
  readonly summary: string;
  readonly proposedAt: string;
  readonly state: ChangeState;
  /** The config block that carries it. */
  readonly block?: number;
  readonly answer?: OwnAnswer;
  readonly refusals: ChangeProposal['refusals'];
  /** Computed here from the bytes; absent once another configuration is in force. */
  readonly review?: Omit<ChangeReview, 'channel' | 'sequence'> & { readonly bar: SignatureBar };
  /** Why there is no review. */
  readonly unreviewed?: string;
};

/** How far a change has come: organizations that signed, and how many will have, in the shortest way that is left. */
export type SignatureBar = { readonly signed: number; readonly needed: number | null };

/** Reviews a change's bytes against the own configuration. */
export function reviewed(
  proposal: ChangeProposal,
  configBlock: Uint8Array,
  versions: Versions,
): Pick<ChangeView, 'review' | 'unreviewed'> {
  try {
    const { channel: _, sequence: __, ...review } = reviewChange(proposal, configBlock, versions);
    return { review: { ...review, bar: barOf(review.progress) } };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { unreviewed: error.message };
  }
}

/** `needed` is null where nobody left can complete the change. */
function barOf({ signed, complete, missing }: ChangeReview['progress']): SignatureBar {
  if (complete) return { signed: signed.length, needed: signed.length };
  const [shortest] = missing;
  return { signed: signed.length, needed: shortest === undefined ? null : signed.length + shortest.length };
}
