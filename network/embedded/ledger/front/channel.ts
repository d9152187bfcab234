import type { Ledger } from '../engine/ledger.ts';
import type { Identity } from '../msp/identity.ts';
import type { Peer } from './peer.ts';

/** What the doors of one channel share: its ledger and the peers that endorse on it. */
export interface Channel {
  readonly id: string;
  readonly ledger: Ledger;
  /** One per organization that is a member and whose peer has joined, as they are now. */
  readonly peers: readonly Peer[];
  /** Milliseconds since 1970. */
  now(): number;
  /** How far a proposal's own time may be off; `undefined`: any time is taken, as in Fabric 2.5. */
  readonly proposalWindowMs: number | undefined;
  /** Whether too few consenters take part for anything to be ordered, as in Raft without a leader. */
  readonly leaderless: boolean;
}

/** Why these signers do not satisfy one of the channel's policies; `undefined` when they do. */
export function unsatisfied(
  { ledger }: Pick<Channel, 'ledger'>,
  path: string,
  signer: Identity | undefined,
): string | undefined {
  const policy = ledger.config.policies.at(path);
  const signers = signer === undefined ? [] : [signer];
  return policy.satisfiedBy(signers) ? undefined : policy.refusal(signers);
}
