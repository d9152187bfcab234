import { type ChannelConfig, readChannelConfig } from '../msp/channel-config.ts';
import type { BlockSigner } from '../msp/signer.ts';
import { Block, BroadcastStatus, type ChannelHeader, HeaderType } from '../wire/envelope.ts';
import { Code } from '../wire/proposal.ts';
import type { TxPrivateRwSet } from '../wire/rwset.ts';
import { Admission, type BroadcastAnswer } from './admission.ts';
import { Agreements, approvedPackage } from './agreements.ts';
import { headerHash, type LedgerBlock, nextHeader, readBlock, sealBlock } from './block.ts';
import { BlockUpdates } from './block-updates.ts';
import { commitHash } from './commit-hash.ts';
import { Commits } from './commits.ts';
import { type ChaincodeDefinition, Definitions, LIFECYCLE } from './definitions.ts';
import { Expiries, purgesOf } from './erasures.ts';
import { History } from './history.ts';
import type { AgreedChaincode } from './lifecycle-state.ts';
import { type Cut, type Later, Ordering, realTime } from './ordering.ts';
import { OwnEndorsements } from './own-endorsements.ts';
import { PrivateData, type ValidTransaction } from './private-data.ts';
import type { RecordLog } from './record-log.ts';
import { openChain } from './replay.ts';
import { Simulation } from './simulation.ts';
import { State } from './state.ts';
import type { Storage } from './storage.ts';
import type { LedgerTransaction, NamespaceChanges } from './transaction.ts';
import { TransientStore } from './transient-store.ts';
import { validateBlock } from './validation.ts';

const RECENT_BLOCKS = 64;

export interface LedgerParts {
  /** The genesis block's. */
  readonly config: ChannelConfig;
  /** Chaincodes that are agreed upon from the start, until transactions of `_lifecycle` say otherwise. */
  readonly chaincodes: readonly AgreedChaincode[];
  readonly orderer: BlockSigner;
  readonly storage: Storage;
  /** `common.Block` with the channel's configuration; becomes block 0 as it is. */
  readonly genesisBlock: Buffer;
  readonly cut?: { readonly [K in keyof Cut]?: Cut[K] | undefined };
  readonly later?: Later;
  readonly random?: (size: number) => Buffer;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Called once when a block cannot be written; nothing is acknowledged after that. */
  readonly onFault?: (cause: unknown) => void;
}

/**
 * One channel: simulation, ordering, validation in block order, durable blocks, replay. It knows nothing of gRPC or of
 * chaincode processes. A block is on disk before anyone is told of it and before its state can be read.
 */
export class Ledger {
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
  /** Transactions that were let in, with the configuration under which they and their creators' signatures were checked. */
  readonly #admitted = new WeakMap<LedgerTransaction, ChannelConfig>();
  readonly #admission: Admission;
  readonly #agreements: Agreements;
  readonly #ordering: Ordering;
  #previousHash = Buffer.alloc(0) as Buffer;
  #commitHash = Buffer.alloc(0) as Buffer;
  #config: ChannelConfig;
  #configBlock: LedgerBlock | undefined;

  private constructor(parts: LedgerParts, blocks: RecordLog, tornBytes: number, transient: TransientStore) {
    this.#parts = parts;
    this.#config = parts.config;
    this.definitions = new Definitions(() => this.#config);
    this.privateData = new PrivateData(parts.storage, this.definitions, transient);
    this.tornBytes = tornBytes;
    this.#blocks = blocks;
    this.#expiries = new Expiries(this.definitions);
    const failed = (cause: unknown): void => {
      this.commits.fail(cause);
      parts.onFault?.(cause);
    };
    const { orderer, random, now = Date.now, later = realTime } = parts;
    this.#admission = new Admission({ config: () => this.#config, orderer, random, now });
    this.#ordering = new Ordering(
      () => this.#cut(),
      later,
      (transactions) => this.#store(transactions),
      failed,
    );
    this.#agreements = new Agreements(this.#state, this.definitions);
    for (const agreed of parts.chaincodes) this.#agreements.begin(agreed);
  }

  /** Opens the channel's files, replays them, and writes block 0 where there is none. Refuses an altered chain. */
  static async open(parts: LedgerParts): Promise<Ledger> {
    await using opened = new AsyncDisposableStack();
    const { records, tornBytes } = await openChain(
      parts.storage,
      parts.genesisBlock,
      parts.config,
      parts.orderer.identity,
    );
    opened.defer(() => records.log.close());
    const ledger = new Ledger(parts, records, tornBytes, await TransientStore.open(parts.storage));
    opened.defer(() => ledger.privateData.close());
    await ledger.privateData.admit(ledger.config.members, 0, records.count);
    for (let number = 0; number < records.count; number++) {
      ledger.#take(readBlock(await records.read(number)));
      await ledger.privateData.admit(ledger.config.members, number + 1, records.count);
    }
    if (ledger.height === 0) {
      await records.append(parts.genesisBlock);
      ledger.#take(readBlock(parts.genesisBlock));
    }
    ledger.privateData.settle((txId) => ledger.commits.get(txId) !== undefined);
    opened.move();
    return ledger;
  }

  /** The configuration in force: that of the newest config block. */
  get config(): ChannelConfig {
    return this.#config;
  }

  /** The newest config block, bytes of `common.Block`. */
  get configBlock(): Buffer {
    return this.#configBlock!.bytes;
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

  /** The package that an organization runs for a chaincode in force; empty for none, `undefined` where it has not approved it. */
  packageOf(mspId: string, definition: ChaincodeDefinition): string | undefined {
    return approvedPackage(this.privateData.stateOf(mspId), mspId, definition);
  }

  /** Keeps the plaintext of an endorsed transaction until its block comes; the endorsement is not to be given before this resolves. */
  async endorsed(txId: string, plaintext: TxPrivateRwSet | undefined): Promise<void> {
    if (plaintext !== undefined) await this.privateData.remember(txId, plaintext);
  }

  /**
   * Takes an envelope as an orderer does: an endorser transaction, or an update of the configuration, of which it makes a config
   * block. SUCCESS says that it will be ordered, not that it will be valid.
   */
  broadcast(envelope: Buffer): BroadcastAnswer {
    const admitted = this.#admission.admit(envelope);
    if ('status' in admitted) return admitted;
    this.submit(admitted, true);
    return { status: BroadcastStatus.SUCCESS, info: '' };
  }

  /** Hands a transaction to ordering. `creatorVerified`: its creator's signature was checked over these very bytes. */
  submit(transaction: LedgerTransaction, creatorVerified: boolean): void {
    if (creatorVerified) this.#admitted.set(transaction, this.#config);
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

  #cut(): Cut {
    const { cut } = this.#parts;
    const { batch } = this.#config;
    return {
      maxCount: cut?.maxCount ?? batch?.maxCount ?? 500,
      maxBytes: cut?.maxBytes ?? batch?.maxBytes ?? 2 << 20,
      waitMs: cut?.waitMs ?? 0,
    };
  }

  async #store(queued: readonly LedgerTransaction[]): Promise<void> {
    const transactions = queued.flatMap((transaction) => this.#stillAdmitted(transaction) ?? []);
    if (transactions.length === 0) return;
    const { orderer, random } = this.#parts;
    const header = nextHeader(this.height, this.#previousHash, transactions);
    const { codes, updates } = validateBlock(header.number, transactions, {
      channelId: this.#config.channelId,
      identities: this.#config.identities,
      definitions: this.definitions,
      state: this.#state,
      own: this.own,
      known: (txId) => this.commits.get(txId) !== undefined,
      creatorVerified: (transaction) => this.#admitted.get(transaction) === this.#config,
    });
    const configures = transactions[0]!.header.type === HeaderType.CONFIG && codes[0] === Code.VALID;
    const lastConfig = configures ? header.number : this.#configBlock!.header.number;
    const chained = header.number === 1 || this.#commitHash.length > 0;
    const sum = chained ? commitHash(this.#commitHash, codes, updates) : this.#commitHash;
    const block = sealBlock(header, transactions, codes, { orderer, lastConfig, commitHash: sum, random });
    await this.privateData.store(header.number, validOf(block));
    await this.#blocks.append(block.bytes);
    this.#apply(block, updates);
    if (configures) await this.privateData.admit(this.#config.members, this.height);
    this.privateData.forget(transactions.map(({ header: { txId } }) => txId));
    for (const { header: each } of transactions) this.commits.announce(each.txId);
    for (const listener of this.#listeners) listener();
  }

  /** What was let in under a configuration that is no longer in force is looked at again, and dropped as orderers drop it. */
  #stillAdmitted(transaction: LedgerTransaction): LedgerTransaction | undefined {
    const under = this.#admitted.get(transaction);
    if (under === undefined || under === this.#config) return transaction;
    const again = this.#admission.again(transaction);
    if (again !== undefined) this.#admitted.set(again, this.#config);
    return again;
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
    this.#agreements.take(updates);
    if (transactions[0]?.header.type === HeaderType.CONFIG && codes[0] === Code.VALID) this.#configure(block);
    this.#previousHash = headerHash(header);
    this.#commitHash = block.commitHash;
    this.#recent.set(blockNumber, block);
    this.#recent.delete(blockNumber - RECENT_BLOCKS);
    this.#state.advance(blockNumber + 1);
  }

  #configure(block: LedgerBlock): void {
    if (block.header.number > 0) this.#config = readChannelConfig(Block.decode(block.bytes));
    this.#configBlock = block;
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
