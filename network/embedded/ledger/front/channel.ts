import type { Ledger } from '../engine/ledger.ts';
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
