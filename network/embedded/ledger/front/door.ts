import type { InstalledPackages } from '../lifecycle/installed-packages.ts';
import type { Identities } from '../msp/identities.ts';
import type { BlockSource } from './block-source.ts';
import type { Channel } from './channel.ts';
import type { GossipParts } from './gossip.ts';
import type { Peer } from './peer.ts';

/** Finds channels by name, as they are now. */
export interface ChannelLookup {
  get(channelId: string): Channel | undefined;
}

/** One organization's way in: the channels its peer is on, and what that peer does without any channel. */
export interface Door {
  readonly mspId: string;
  /** Joined, and with this organization among the members now. */
  readonly channels: ChannelLookup;
  /** Milliseconds since 1970. */
  now(): number;
  readonly proposalWindowMs: number | undefined;
  /** Reads certificates by the organization's own authorities alone: who may speak to its peer where no channel is named. */
  readonly localIdentities: Identities;
  localOf(channel: Channel): Peer;
  readonly packages: InstalledPackages;
  /** The blocks that this peer has of a channel it once joined. */
  blocksOf(channelId: string): BlockSource | undefined;
  /** Every channel that this peer has joined. */
  joined(): readonly string[];
  /** The peers that this one knows of: its own and those of every channel that it has joined. */
  neighbours(): readonly { readonly mspId: string; readonly address: string }[];
  readonly gossip: GossipParts;
  /** Joins a channel by its first block; resolves when that is on disk. @throws JoinRefused */
  join(genesisBlock: Buffer): Promise<void>;
}

/** A peer or an orderer does not join a channel: the sentence says why. */
export class JoinRefused extends Error {
  /** Whether it has joined already. */
  readonly exists: boolean;

  constructor(message: string, { exists = false }: { readonly exists?: boolean } = {}) {
    super(message);
    this.exists = exists;
  }
}

/** One organization's orderer: the channels that it helps to order. */
export interface OrdererDoor {
  readonly mspId: string;
  readonly channels: ChannelLookup;
  now(): number;
  blocksOf(channelId: string): BlockSource | undefined;
}
