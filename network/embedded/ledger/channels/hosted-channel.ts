import type { Ledger } from '../engine/ledger.ts';
import type { BlockSource } from '../front/block-source.ts';
import type { Channel } from '../front/channel.ts';
import type { Peer } from '../front/peer.ts';
import { type ChannelConfig, readChannelConfig } from '../msp/channel-config.ts';
import { Block, Metadata, OrdererBlockMetadata } from '../wire/envelope.ts';
import { consentersOf, haveQuorum } from './consenters.ts';
import type { Membership } from './memberships.ts';

export interface HostedChannelParts {
  readonly ledger: Ledger;
  readonly genesisHash: Buffer;
  readonly membership: Membership;
  /** Makes an organization's peer on this ledger; throws where the configuration in force does not accept its certificate. */
  peerOf(mspId: string): Peer;
  now(): number;
  readonly proposalWindowMs: number | undefined;
  /** Whether orderers take part by organization; without, one orderer of the configuration stands for all. */
  readonly orderersTakePart: boolean;
}

/** Where an organization's peer stands that a config block removed: it has the blocks before that one. */
interface Removed {
  readonly height: number;
  readonly config: ChannelConfig;
}

/** One channel of this process: its ledger, who takes part, and what each of them sees of it. */
export class HostedChannel implements Channel, AsyncDisposable {
  readonly id: string;
  readonly ledger: Ledger;
  readonly genesisHash: Buffer;
  readonly now: () => number;
  readonly proposalWindowMs: number | undefined;
  readonly #parts: HostedChannelParts;
  readonly #removed = new Map<string, Removed>();
  readonly #listening: Disposable;
  #membership: Membership;
  #orderers: ReadonlySet<string>;
  #peers: readonly Peer[] = [];
  #config: ChannelConfig;

  private constructor(parts: HostedChannelParts) {
    const { ledger, genesisHash, membership, now, proposalWindowMs } = parts;
    this.id = ledger.config.channelId;
    this.ledger = ledger;
    this.genesisHash = genesisHash;
    this.now = () => now();
    this.proposalWindowMs = proposalWindowMs;
    this.#parts = parts;
    this.#membership = membership;
    this.#orderers = new Set(membership.orderers);
    this.#config = ledger.config;
    this.#listening = ledger.onBlock(() => this.#follow());
  }

  /** Takes over an open ledger; it is closed with the channel. */
  static async open(parts: HostedChannelParts): Promise<HostedChannel> {
    const channel = new HostedChannel(parts);
    await channel.admit(parts.membership);
    return channel;
  }

  get membership(): Membership {
    return this.#membership;
  }

  get peers(): readonly Peer[] {
    this.#follow();
    return this.#peers;
  }

  get leaderless(): boolean {
    if (!this.#parts.orderersTakePart) return false;
    return !haveQuorum(consentersOf(this.ledger.config), this.#orderers);
  }

  /** Whether an organization's orderer has joined and is one of those that agree on the order. */
  orderedBy(mspId: string): boolean {
    const { organizations } = consentersOf(this.ledger.config);
    return this.#orderers.has(mspId) && (organizations.length === 0 || organizations.includes(mspId));
  }

  /** Puts who takes part in force; the record of it is on disk already. */
  async admit(membership: Membership): Promise<void> {
    for (const mspId of membership.peers) {
      if (!this.#config.members.includes(mspId) && !this.#removed.has(mspId)) {
        this.#removed.set(mspId, await this.#lastSeenBy(mspId));
      }
    }
    this.#membership = membership;
    this.#orderers = new Set(membership.orderers);
    this.#seat();
  }

  /** The blocks that a peer has which has joined. */
  blocksOfPeer(mspId: string): BlockSource {
    const { ledger } = this;
    const removed = (): Removed | undefined => {
      this.#follow();
      return this.#removed.get(mspId);
    };
    return {
      ledger,
      readers: '/Channel/Application/Readers',
      errored: false,
      get height() {
        return removed()?.height ?? ledger.height;
      },
      get config() {
        return removed()?.config ?? ledger.config;
      },
    };
  }

  /** The blocks as an orderer hands them out. */
  blocksOfOrderer(): BlockSource {
    const { ledger } = this;
    const leaderless = () => this.leaderless;
    return {
      ledger,
      readers: '/Channel/Readers',
      get errored() {
        return leaderless();
      },
      get height() {
        return ledger.height;
      },
      get config() {
        return ledger.config;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening[Symbol.dispose]();
    await this.ledger[Symbol.asyncDispose]();
  }

  /** Follows the configuration in force. Config blocks stand alone, so the newest block is the one that changed it. */
  #follow(): void {
    const before = this.#config;
    const now = this.ledger.config;
    if (now === before) return;
    for (const mspId of this.#membership.peers) {
      if (now.members.includes(mspId)) this.#removed.delete(mspId);
      else if (!this.#removed.has(mspId)) this.#removed.set(mspId, { height: this.ledger.height - 1, config: before });
    }
    this.#config = now;
    this.#seat();
  }

  #seat(): void {
    const members = this.#membership.peers.filter((mspId) => this.ledger.config.members.includes(mspId));
    this.#peers = members.flatMap((mspId) => {
      try {
        return [this.#parts.peerOf(mspId)];
      } catch {
        // A peer whose certificate the channel no longer accepts endorses nothing; the channel goes on without it.
        return [];
      }
    });
  }

  /** Walks back over the config blocks to the last one under which an organization was a member. */
  async #lastSeenBy(mspId: string): Promise<Removed> {
    let height = this.ledger.height;
    let number = lastConfigOf((await this.ledger.block(height - 1)).bytes);
    for (;;) {
      const config = readChannelConfig(Block.decode((await this.ledger.block(number)).bytes));
      if (number === 0 || config.members.includes(mspId))
        return { height: config.members.includes(mspId) ? height : 1, config };
      height = number;
      number = lastConfigOf((await this.ledger.block(number - 1)).bytes);
    }
  }
}

/** The number of the config block that was in force after a block, as its orderer wrote it down. */
function lastConfigOf(bytes: Buffer): number {
  const places = Block.decode(bytes).metadata?.metadata ?? [];
  const { value } = Metadata.decode(places[0] ?? Buffer.alloc(0));
  return OrdererBlockMetadata.decode(value).lastConfig?.index ?? 0;
}
