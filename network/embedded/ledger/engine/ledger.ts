import type { ChannelConfig } from '../msp/channel-config.ts';
import type { Signer } from '../msp/signer.ts';
import type { ChannelHeader } from '../wire/envelope.ts';
import { Code } from '../wire/proposal.ts';
import type { TxPrivateRwSet } from '../wire/rwset.ts';
import { headerHash, type LedgerBlock, nextHeader, readBlock, sealBlock } from './block.ts';
import { BlockUpdates } from './block-updates.ts';
import { Commits } from './commits.ts';
import { type Definitions, LIFECYCLE } from './definitions.ts';
import { Expiries, purgesOf } from './erasures.ts';
import { History } from './history.ts';
import { type Cut, type Later, Ordering, realTime } from './ordering.ts';
import { OwnEndorsements } from './own-endorsements.ts';
import { PrivateData, type ValidTransaction } from './private-data.ts';
import type { RecordLog } from './record-log.ts';
import { openChain } from './replay.ts';
import { Simulation } from './simulation.ts';
import { State } from './state.ts';
import type { Storage } from './storage.ts';
import type { LedgerTransaction, NamespaceChanges } from './transaction.ts';
import { validateBlock } from './validation.ts';

const RECENT_BLOCKS = 64;

export interface LedgerParts {
  readonly config: ChannelConfig;
  readonly definitions: Definitions;
  readonly orderer: Signer;
  readonly storage: Storage;
  /** `common.Block` with the channel's configuration; becomes block 0 as it is. */
  readonly genesisBlock: Buffer;
  readonly cut?: { readonly [K in keyof Cut]?: Cut[K] | undefined };
  readonly later?: Later;
  readonly random?: (size: number) => Buffer;
  /** Called once when a block cannot be written; nothing is acknowledged after that. */
  readonly onFault?: (cause: unknown) => void;
}

/**
 * One channel: simulation, ordering, validation in block order, durable blocks, replay. It knows nothing of gRPC or of
 * chaincode processes. A block is on disk before anyone is told of it and before its state can be read.
 */
export class Ledger {
  readonly config: ChannelConfig;
  readonly definitions: Definitions;
  readonly commits = new Commits();
  readonly own = new OwnEndorsements();
  readonly privateData: PrivateData;
  /** Bytes of a half-written block that were cut off on opening. */
  readonly tornBytes: number;
  readonly #parts: LedgerParts;
  readonly #state = new State();
  readonly #history = new History();
  readonly #expiries: Expiries;
  readonly #blocks: RecordLog;
  readonly #recent = new Map<number, LedgerBlock>();
  readonly #listeners = new Set<() => void>();
  readonly #verified = new WeakSet<LedgerTransaction>();
  readonly #ordering: Ordering;
  #previousHash = Buffer.alloc(0) as Buffer;

  private constructor(parts: LedgerParts, privateData: PrivateData, blocks: RecordLog, tornBytes: number) {
    this.#parts = parts;
    this.config = parts.config;
    this.definitions = parts.definitions;
    this.privateData = privateData;
    this.tornBytes = tornBytes;
    this.#blocks = blocks;
    this.#expiries = new Expiries(parts.definitions);
    const { batch } = parts.config;
    const cut = {
      maxCount: parts.cut?.maxCount ?? batch?.maxCount ?? 500,
      maxBytes: parts.cut?.maxBytes ?? batch?.maxBytes ?? 2 << 20,
      waitMs: parts.cut?.waitMs ?? 0,
    };
    const failed = (cause: unknown): void => {
      this.commits.fail(cause);
      parts.onFault?.(cause);
    };
    this.#ordering = new Ordering(cut, parts.later ?? realTime, (transactions) => this.#store(transactions), failed);
    for (const { name, sequence } of parts.definitions.all()) {
      // A new sequence has another version, so that what was endorsed under the old one does not commit.
      const version = { blockNumber: 0, txNumber: sequence };
      this.#state.put(LIFECYCLE, sequenceKey(name), {
        value: Buffer.from([8, sequence & 127]),
        metadata: undefined,
        version,
      });
    }
  }

  /** Opens the channel's files, replays them, and writes block 0 where there is none. Refuses an altered chain. */
  static async open(parts: LedgerParts): Promise<Ledger> {
    const privateData = await PrivateData.open(parts.storage, parts.config.members, parts.definitions);
    await using opened = new AsyncDisposableStack();
    opened.defer(() => privateData.close());
    const { records, tornBytes } = await openChain(
      parts.storage,
      parts.genesisBlock,
      parts.config,
      parts.orderer.identity,
    );
    opened.defer(() => records.log.close());
    await privateData.cut(records.count);
    const ledger = new Ledger(parts, privateData, records, tornBytes);
    for (let number = 0; number < records.count; number++) ledger.#take(readBlock(await records.read(number)));
    if (ledger.height === 0) {
      await records.append(parts.genesisBlock);
      ledger.#take(readBlock(parts.genesisBlock));
    }
    opened.move();
    return ledger;
  }

  get height(): number {
    return this.#state.height;
  }

  get lastHash(): Buffer {
    return this.#previousHash;
  }

  /** Holds the present height open; dispose it when all simulations on it have ended. */
  snapshot(): Disposable & { readonly height: number } {
    return this.#state.open();
  }

  /** Begins the simulation of a proposal by an organization's peer. */
  simulate(mspId: string, txId: string, height: number): Simulation {
    return new Simulation({
      txId,
      height,
      state: this.#state,
      privateState: this.privateData.stateOf(mspId),
      history: this.#history,
      collection: (chaincode, name) => this.definitions.collection(chaincode, name),
      isSystem: (namespace) => namespace === LIFECYCLE,
    });
  }

  /** Keeps the plaintext of an endorsed transaction until its block comes. */
  endorsed(txId: string, plaintext: TxPrivateRwSet | undefined): void {
    if (plaintext !== undefined) this.privateData.remember(txId, plaintext);
  }

  /** Hands a transaction to ordering. `creatorVerified`: its creator's signature was checked over these very bytes. */
  submit(transaction: LedgerTransaction, creatorVerified: boolean): void {
    if (creatorVerified) this.#verified.add(transaction);
    this.#ordering.add(transaction);
  }

  async block(number: number): Promise<LedgerBlock> {
    return this.#recent.get(number) ?? readBlock(await this.#blocks.read(number));
  }

  /** Calls back after each new block until disposed. */
  onBlock(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ordering.stop();
    this.commits.fail(new Error('the ledger has stopped'));
    await this.#blocks.log.close();
    await this.privateData.close();
  }

  async #store(transactions: readonly LedgerTransaction[]): Promise<void> {
    const { orderer, random, config, definitions } = this.#parts;
    const header = nextHeader(this.height, this.#previousHash, transactions);
    const { codes, updates } = validateBlock(header.number, transactions, {
      channelId: config.channelId,
      identities: config.identities,
      definitions,
      state: this.#state,
      own: this.own,
      known: (txId) => this.commits.get(txId) !== undefined,
      creatorVerified: (transaction) => this.#verified.has(transaction),
    });
    const block = sealBlock(header, transactions, codes, orderer, random);
    await this.privateData.store(header.number, validOf(block));
    await this.#blocks.append(block.bytes);
    this.#apply(block, updates);
    for (const { header: each } of transactions) this.commits.announce(each.txId);
    for (const listener of this.#listeners) listener();
  }

  /** Takes in a block that is on disk already; its codes stand. */
  #take(block: LedgerBlock): void {
    const updates = new BlockUpdates(this.#state);
    for (const { txNumber, namespaces } of validOf(block)) {
      updates.apply(namespaces, { blockNumber: block.header.number, txNumber });
    }
    this.#apply(block, updates);
  }

  #apply(block: LedgerBlock, updates: BlockUpdates): void {
    const { header, transactions, codes } = block;
    const blockNumber = header.number;
    transactions.forEach((transaction, txNumber) => {
      this.commits.add(transaction.header.txId, { blockNumber, txNumber, code: codes[txNumber] as Code });
    });
    const erasures = [...this.#expiries.end(blockNumber, updates)];
    for (const { txNumber, namespaces } of validOf(block)) {
      this.#remember(transactions[txNumber]!.header, blockNumber, namespaces);
      this.#expiries.note(namespaces, { blockNumber, txNumber });
      erasures.push(...purgesOf(namespaces, blockNumber));
    }
    updates.commit();
    this.privateData.apply(blockNumber, updates, erasures);
    this.#previousHash = headerHash(header);
    this.#recent.set(blockNumber, block);
    this.#recent.delete(blockNumber - RECENT_BLOCKS);
    this.#state.advance(blockNumber + 1);
  }

  #remember({ txId, timestamp }: ChannelHeader, blockNumber: number, namespaces: readonly NamespaceChanges[]): void {
    for (const { namespace, open } of namespaces) {
      for (const { key, value, isDelete } of open.writes) {
        const kept = isDelete || value.length === 0 ? undefined : Buffer.from(value);
        this.#history.add(namespace, key, { txId, value: kept, timestamp, blockNumber });
      }
    }
  }
}

function validOf({ transactions, codes }: Pick<LedgerBlock, 'transactions' | 'codes'>): ValidTransaction[] {
  return transactions.flatMap(({ header: { txId }, endorsed }, txNumber) =>
    codes[txNumber] === Code.VALID && endorsed !== undefined
      ? [{ txId, txNumber, namespaces: endorsed.namespaces }]
      : [],
  );
}

/** Where the channel's agreement on a chaincode lies; every transaction of that chaincode reads it. */
export const sequenceKey = (chaincode: string): string => `namespaces/fields/${chaincode}/Sequence`;
