import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { renameDurably, replaceFile, syncDirectory } from '../../../files/index.ts';
import { Fault } from '../../../ledger/fault.ts';
import type { Ledger } from '../engine/ledger.ts';
import { JoinRefused } from '../front/door.ts';
import type { Peer } from '../front/peer.ts';
import { consentersOf } from './consenters.ts';
import { HostedChannel } from './hosted-channel.ts';
import { type JoinBlock, readJoinBlock } from './join-block.ts';
import { type Membership, Memberships } from './memberships.ts';

/** How an orderer takes part in a channel, as channel participation tells it. */
export interface Participation {
  readonly name: string;
  readonly consensusRelation: 'consenter' | 'follower';
  readonly status: 'active';
  readonly height: number;
}

export interface ChannelsParts {
  /** Holds the record of who joined what, and `channels/<name>/` for each channel but the configured one. */
  readonly directory: string;
  /** The channel of the configuration, whose files lie in the directory itself. */
  readonly configured?: { readonly channel: string; readonly genesisBlock: Buffer } | undefined;
  /** The organizations of this process, by MSP id, in the order in which they sign blocks. */
  readonly organizations: readonly string[];
  readonly orderers: readonly string[];
  openLedger(directory: string, genesis: JoinBlock, channel: () => HostedChannel | undefined): Promise<Ledger>;
  peerOf(mspId: string, ledger: Ledger): Peer;
  now(): number;
  readonly proposalWindowMs: number | undefined;
}

/** Left-over directories of channels that nobody takes part in any more; no channel's name begins with a capital letter. */
const REMOVED = 'REMOVED-';

/**
 * The channels of this process. Each has its own directory, ledger and first block; peers and orderers join while others run.
 * A join or leave is in force once one small record is on disk, so that a crash leaves it done or not begun.
 */
export class Channels implements AsyncDisposable {
  readonly #parts: ChannelsParts;
  readonly #memberships: Memberships;
  readonly #open = new Map<string, HostedChannel>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(parts: ChannelsParts, memberships: Memberships) {
    this.#parts = parts;
    this.#memberships = memberships;
  }

  /** Opens the configured channel and every one that somebody has joined. */
  static async open(parts: ChannelsParts): Promise<Channels> {
    await using opened = new AsyncDisposableStack();
    const channels = opened.use(new Channels(parts, await Memberships.open(parts.directory)));
    const { configured } = parts;
    if (configured !== undefined) {
      const genesis = readJoinBlock(configured.genesisBlock);
      const membership = channels.#memberships.of(configured.channel) ?? channels.#everybody(genesis);
      await channels.#host(parts.directory, genesis, membership);
    }
    await channels.#sweep();
    for (const channel of channels.#memberships.channels) {
      if (channel === configured?.channel) continue;
      const directory = channels.#directoryOf(channel);
      await channels.#host(directory, await genesisIn(directory, channel), channels.#memberships.of(channel)!);
    }
    opened.move();
    return channels;
  }

  get(channel: string): HostedChannel | undefined {
    return this.#open.get(channel);
  }

  [Symbol.iterator](): Iterator<HostedChannel> {
    return this.#open.values();
  }

  /** Lets an organization's peer join by a channel's first block. */
  joinPeer(mspId: string, genesisBlock: Buffer): Promise<void> {
    return this.#inTurn(async () => {
      const block = readForPeer(genesisBlock);
      const { membership } = await this.#joinable(block, mspId);
      if (membership.peers.includes(mspId)) {
        throw new JoinRefused(`ledger [${block.channelId}] already exists with state [ACTIVE]`, { exists: true });
      }
      await this.#admit(block, { ...membership, peers: [...membership.peers, mspId] });
    });
  }

  /** Lets an organization's orderer join: a new channel by its first block, one of this process also by a later config block. */
  joinOrderer(mspId: string, block: JoinBlock): Promise<Participation> {
    return this.#inTurn(async () => {
      const { membership } = await this.#joinable(block, mspId);
      if (membership.orderers.includes(mspId)) throw new JoinRefused('channel already exists', { exists: true });
      await this.#admit(block, { ...membership, orderers: [...membership.orderers, mspId] });
      return this.participation(mspId, block.channelId)!;
    });
  }

  /** Takes an organization's orderer out of a channel; answers false where it is in none of that name. */
  leaveOrderer(mspId: string, channel: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const hosted = this.#open.get(channel);
      if (hosted === undefined || !hosted.membership.orderers.includes(mspId)) return false;
      const orderers = hosted.membership.orderers.filter((other) => other !== mspId);
      const membership = { ...hosted.membership, orderers };
      const nobody = orderers.length === 0 && membership.peers.length === 0;
      if (!nobody || channel === this.#parts.configured?.channel) {
        await this.#memberships.record(channel, membership);
        await hosted.admit(membership);
        return true;
      }
      await this.#memberships.record(channel, undefined);
      this.#open.delete(channel);
      await hosted[Symbol.asyncDispose]();
      await this.#discard(channel);
      return true;
    });
  }

  /** How an organization's orderer takes part in a channel; `undefined` where it does not. */
  participation(mspId: string, channel: string): Participation | undefined {
    const hosted = this.#open.get(channel);
    if (hosted === undefined || !hosted.membership.orderers.includes(mspId)) return undefined;
    const consensusRelation = hosted.orderedBy(mspId) ? 'consenter' : 'follower';
    return { name: channel, consensusRelation, status: 'active', height: hosted.ledger.height };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await Promise.all([...this.#open.values()].map((channel) => channel[Symbol.asyncDispose]()));
    this.#open.clear();
  }

  /** Joins and leaves happen one after the other. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  /** The configured channel is joined from the start by all of this process that are its members. */
  #everybody({ config }: JoinBlock): Membership {
    const { organizations, orderers } = this.#parts;
    const ordering = new Set(consentersOf(config).organizations);
    return {
      peers: organizations.filter((mspId) => config.members.includes(mspId)),
      orderers: orderers.filter((mspId) => ordering.has(mspId)),
    };
  }

  /** Who takes part so far in the channel that a block is for. @throws JoinRefused when the block is of another channel of that name */
  async #joinable({ channelId, number, hash }: JoinBlock, mspId: string): Promise<{ membership: Membership }> {
    const hosted = this.#open.get(channelId);
    if (hosted === undefined) {
      if (number === 0) return { membership: { peers: [], orderers: [] } };
      const why = `no orderer or peer of this process has joined channel ${channelId} yet, so its blocks before ${number} cannot be fetched`;
      throw new JoinRefused(`${why}: join with block 0`);
    }
    const { ledger, membership } = hosted;
    const ours = number < ledger.height ? readJoinBlock((await ledger.block(number)).bytes).hash : undefined;
    if (ours?.equals(hash)) return { membership };
    const known = hosted.genesisHash.toString('hex');
    const wrong = `block ${number} is not one of channel ${channelId}, which began here with block ${known}`;
    throw new JoinRefused(`${wrong}: ${mspId} can fetch the right block 0 from one of the channel's orderers`);
  }

  async #admit(block: JoinBlock, membership: Membership): Promise<void> {
    const { channelId } = block;
    const hosted = this.#open.get(channelId);
    if (hosted !== undefined) {
      await this.#memberships.record(channelId, membership);
      await hosted.admit(membership);
      return;
    }
    const directory = this.#directoryOf(channelId);
    await this.#memberships.begin();
    await makeRoom(directory, block);
    const opened = await this.#host(directory, block, membership);
    try {
      await this.#memberships.record(channelId, membership);
    } catch (cause) {
      this.#open.delete(channelId);
      await opened[Symbol.asyncDispose]();
      throw cause;
    }
  }

  async #host(directory: string, genesis: JoinBlock, membership: Membership): Promise<HostedChannel> {
    const { peerOf, now, proposalWindowMs, orderers, openLedger } = this.#parts;
    let hosted: HostedChannel | undefined;
    const ledger = await openLedger(directory, genesis, () => hosted);
    hosted = await HostedChannel.open({
      ledger,
      genesisHash: genesis.hash,
      membership,
      peerOf: (mspId) => peerOf(mspId, ledger),
      now,
      proposalWindowMs,
      orderersTakePart: orderers.length > 0,
    });
    this.#open.set(genesis.channelId, hosted);
    return hosted;
  }

  #directoryOf(channel: string): string {
    return join(this.#parts.directory, 'channels', channel);
  }

  /** Takes a channel's directory away under another name first, so that a crash leaves it whole or doomed. */
  async #discard(channel: string): Promise<void> {
    const doomed = join(this.#parts.directory, 'channels', `${REMOVED}${channel}`);
    await rm(doomed, { recursive: true, force: true });
    await renameDurably(this.#directoryOf(channel), doomed);
    await rm(doomed, { recursive: true, force: true });
  }

  /** Takes away what crashes left of channels that were given up, or whose first join never came into force. */
  async #sweep(): Promise<void> {
    const directory = join(this.#parts.directory, 'channels');
    const names = await readdir(directory).catch(() => []);
    if (names.length > 0 && this.#memberships.fresh) {
      const why = `${directory} holds channels, but the record of who has joined them is missing`;
      throw new Fault('corrupt', `${why}. Restore the ledger's directory from a copy, or move that directory away.`);
    }
    for (const name of names) {
      if (name.startsWith(REMOVED)) await rm(join(directory, name), { recursive: true, force: true });
      else if (this.#memberships.of(name) === undefined) await this.#discard(name);
    }
  }
}

function readForPeer(genesisBlock: Buffer): JoinBlock {
  try {
    return readJoinBlock(genesisBlock);
  } catch (cause) {
    throw new JoinRefused((cause as Error).message);
  }
}

/** Makes a new channel's directory with its first block in it, in place of what a join that never came into force left. */
async function makeRoom(directory: string, { bytes }: JoinBlock): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await syncDirectory(join(directory, '..'));
  await replaceFile(join(directory, 'genesis.block'), bytes);
}

async function genesisIn(directory: string, channel: string): Promise<JoinBlock> {
  const file = join(directory, 'genesis.block');
  try {
    const block = readJoinBlock(await readFile(file));
    if (block.channelId === channel) return block;
    throw new Error(`it is for channel ${block.channelId}`);
  } catch (cause) {
    const why = `Channel ${channel} was joined, but ${file} is not its first block (${(cause as Error).message})`;
    throw new Fault('corrupt', `${why}. Restore the ledger's directory from a copy.`, { cause });
  }
}
