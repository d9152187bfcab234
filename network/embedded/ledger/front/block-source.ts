import type { Ledger } from '../engine/ledger.ts';
import type { ChannelConfig } from '../msp/channel-config.ts';

/** The blocks of a channel as one peer or one orderer has them. */
export interface BlockSource {
  readonly ledger: Ledger;
  /** The configuration by which it judges who may read, in force after the newest block it has. */
  readonly config: ChannelConfig;
  /** How many blocks it has; less than the ledger's where its organization was removed. */
  readonly height: number;
  /** Path of the policy that its readers satisfy. */
  readonly readers: string;
  /** Whether it answers nothing but to those who ask for its best effort, as an orderer without a leader. */
  readonly errored: boolean;
}
