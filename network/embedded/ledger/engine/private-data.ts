import { sha256 } from '../msp/signature.ts';
import { message, nested, uint64 } from '../wire/message.ts';
import { TxPrivateRwSet } from '../wire/rwset.ts';
import { BlockUpdates } from './block-updates.ts';
import type { Definitions } from './definitions.ts';
import { RecordLog } from './record-log.ts';
import { State } from './state.ts';
import type { Storage } from './storage.ts';
import type { NamespaceChanges } from './transaction.ts';

/** The plaintext of one transaction as it lies in an organization's side store. */
const PrivateRecord = message('PrivateRecord', {
  blockNumber: uint64(1),
  txNumber: uint64(2),
  plaintext: nested(3, () => TxPrivateRwSet),
});
const MAX_PENDING = 10_000;

export interface PrivateWrite {
  readonly txNumber: number;
  readonly plaintext: TxPrivateRwSet;
}

/** What one organization holds of the channel's private data, durable in its own file. */
class PrivateStore {
  readonly state = new State();
  readonly #records: RecordLog;
  readonly #byBlock: Map<number, PrivateWrite[]>;
  #atRecord: Map<number, number>;

  constructor(records: RecordLog, byBlock: Map<number, PrivateWrite[]>, atRecord: Map<number, number>) {
    this.#records = records;
    this.#byBlock = byBlock;
    this.#atRecord = atRecord;
  }

  static async open(storage: Storage, name: string): Promise<PrivateStore> {
    const byBlock = new Map<number, PrivateWrite[]>();
    const atRecord = new Map<number, number>();
    const { records } = await RecordLog.open(await storage.open(name), (bytes, index) => {
      const { blockNumber, txNumber, plaintext } = PrivateRecord.decode(bytes);
      if (!atRecord.has(blockNumber)) atRecord.set(blockNumber, index);
      const writes = byBlock.get(blockNumber) ?? [];
      if (plaintext !== undefined) writes.push({ txNumber, plaintext });
      byBlock.set(blockNumber, writes);
    });
    return new PrivateStore(records, byBlock, atRecord);
  }

  of(blockNumber: number): readonly PrivateWrite[] {
    return this.#byBlock.get(blockNumber) ?? [];
  }

  /** Forgets what was written for blocks from this height on: those blocks never came to be. */
  async cut(height: number): Promise<void> {
    const beyond = [...this.#atRecord].filter(([blockNumber]) => blockNumber >= height);
    if (beyond.length > 0) await this.#records.cut(Math.min(...beyond.map(([, index]) => index)));
    for (const [blockNumber] of beyond) {
      this.#byBlock.delete(blockNumber);
      this.#atRecord.delete(blockNumber);
    }
  }

  async append(blockNumber: number, writes: readonly PrivateWrite[]): Promise<void> {
    for (const write of writes) {
      const index = this.#records.count;
      await this.#records.append(PrivateRecord.encode({ blockNumber, ...write }));
      if (!this.#atRecord.has(blockNumber)) this.#atRecord.set(blockNumber, index);
      this.#byBlock.set(blockNumber, [...this.of(blockNumber), write]);
    }
  }

  close(): Promise<void> {
    return this.#records.log.close();
  }
}

/** The private data of all organizations: what endorsers hand on before ordering, and what members keep after it. */
export class PrivateData {
  readonly #stores: ReadonlyMap<string, PrivateStore>;
  readonly #definitions: Definitions;
  /** Plaintext of endorsed transactions that no block holds yet. */
  readonly #pending = new Map<string, TxPrivateRwSet>();

  private constructor(stores: ReadonlyMap<string, PrivateStore>, definitions: Definitions) {
    this.#stores = stores;
    this.#definitions = definitions;
  }

  static async open(storage: Storage, mspIds: readonly string[], definitions: Definitions): Promise<PrivateData> {
    const stores = new Map<string, PrivateStore>();
    for (const mspId of mspIds) stores.set(mspId, await PrivateStore.open(storage, `private/${mspId}.records`));
    return new PrivateData(stores, definitions);
  }

  stateOf(mspId: string): State {
    const store = this.#stores.get(mspId);
    if (store === undefined) throw new Error(`No peer of ${mspId} on this ledger.`);
    return store.state;
  }

  remember(txId: string, plaintext: TxPrivateRwSet): void {
    this.#pending.set(txId, plaintext);
    if (this.#pending.size > MAX_PENDING) this.#pending.delete(this.#pending.keys().next().value!);
  }

  /** Makes the plaintext of a block's valid transactions durable with every member, before the block itself is. */
  async store(
    blockNumber: number,
    valid: readonly {
      readonly txId: string;
      readonly txNumber: number;
      readonly namespaces: readonly NamespaceChanges[];
    }[],
  ): Promise<void> {
    for (const [mspId, store] of this.#stores) {
      const writes = valid.flatMap(({ txId, txNumber, namespaces }) => {
        const plaintext = this.#pending.get(txId);
        const part = plaintext && this.#partOf(mspId, plaintext, namespaces);
        return part === undefined ? [] : [{ txNumber, plaintext: part }];
      });
      if (writes.length > 0) await store.append(blockNumber, writes);
    }
    for (const { txId } of valid) this.#pending.delete(txId);
  }

  /** Takes a durable block's plaintext into the members' states. */
  apply(blockNumber: number, hashes: BlockUpdates): void {
    for (const { state, of } of this.#each()) {
      const updates = new BlockUpdates(state);
      for (const { txNumber, plaintext } of of(blockNumber)) {
        updates.applyPrivate(plaintext, { blockNumber, txNumber }, hashes);
      }
      updates.commit();
      state.advance(blockNumber + 1);
    }
  }

  /** What an organization holds of a block, by transaction number. */
  of(mspId: string, blockNumber: number): readonly PrivateWrite[] {
    return this.#stores.get(mspId)?.of(blockNumber) ?? [];
  }

  async cut(height: number): Promise<void> {
    for (const store of this.#stores.values()) await store.cut(height);
  }

  async close(): Promise<void> {
    for (const store of this.#stores.values()) await store.close();
  }

  *#each(): Iterable<{ state: State; of: (blockNumber: number) => readonly PrivateWrite[] }> {
    for (const store of this.#stores.values()) yield { state: store.state, of: (n) => store.of(n) };
  }

  /** The collections that this organization is a member of, where the plaintext is what the public hashes stand for. */
  #partOf(mspId: string, plaintext: TxPrivateRwSet, changes: readonly NamespaceChanges[]): TxPrivateRwSet | undefined {
    const namespaces = plaintext.namespaces.flatMap(({ namespace, collections }) => {
      const hashes = changes.find((each) => each.namespace === namespace)?.collections ?? [];
      const kept = collections.filter(({ collection, rwSet }) => {
        const hash = hashes.find(({ name }) => name === collection)?.plaintextHash;
        const member = this.#definitions.collection(namespace, collection)?.members.has(mspId) === true;
        return member && hash !== undefined && sha256(rwSet).equals(hash);
      });
      return kept.length > 0 ? [{ namespace, collections: kept }] : [];
    });
    return namespaces.length > 0 ? { dataModel: 0, namespaces } : undefined;
  }
}
