import type { DomainEvent, Instant } from '@d-cloud/chaincode/domain';
import type { TrustedConfig } from '@d-cloud/network/peers';

/** What the projection needs of a committed block, already checked and parsed by the ledger client. */
export type ChannelBlock = {
  readonly number: number;
  /** Hex SHA-256 of the block's header, which binds every block before it. */
  readonly hash: string;
  readonly previousHash: string;
  readonly transactions: readonly ChannelTransaction[];
  /** Who belongs to the channel from this block on; only config blocks say. */
  readonly configuration?: TrustedConfig;
};

export type ChannelTransaction = {
  readonly id: string;
  /** Place in the block, from 0. */
  readonly index: number;
  readonly creator: string;
  readonly function: string;
  readonly validation: string;
  readonly time: Instant;
  /** The chaincode's events; counted only where `validation` is VALID. */
  readonly events: readonly DomainEvent[];
};
