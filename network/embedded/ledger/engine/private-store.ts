import { list, message, nested, uint64 } from '../wire/message.ts';
import { KvRwSet, TxPrivateRwSet } from '../wire/rwset.ts';
import { BlockUpdates } from './block-updates.ts';
import type { Erasure } from './erasures.ts';
import { privateSpace } from './keys.ts';
import { hashOfKey } from './read-write-set.ts';
import { RecordLog } from './record-log.ts';
import { State } from './state.ts';
import type { Storage } from './storage.ts';

const PrivateTransaction = message('PrivateTransaction', {
  txNumber: uint64(1),
  plaintext: nested(2, () => TxPrivateRwSet),
});
/** The plaintext of one block's transactions as it lies in an organization's side store. */
const PrivateBlock = message('PrivateBlock', {
  blockNumber: uint64(1),
  transactions: list(nested(2, () => PrivateTransaction)),
});

/** The plaintext that one transaction wrote. */
export interface PrivateWrite {
  readonly txNumber: number;
  readonly plaintext: TxPrivateRwSet;
}

/** What one organization holds of the channel's private data, durable in a file of its own. */
export class PrivateStore {
  readonly state = new State();
  readonly #records: RecordLog;
  readonly #byBlock = new Map<number, readonly PrivateWrite[]>();
  /** The block of each record in the file. */
  readonly #blockOf: number[] = [];
  /** In which blocks a key was written, by its space and hash. */
  readonly #blocksWith = new Map<string, number[]>();

  private constructor(records: RecordLog, found: readonly { blockNumber: number; writes: readonly PrivateWrite[] }[]) {
    this.#records = records;
    for (const { blockNumber, writes } of found) this.#add(blockNumber, writes);
  }

  static async open(storage: Storage, name: string): Promise<PrivateStore> {
    const found: { blockNumber: number; writes: readonly PrivateWrite[] }[] = [];
    const { records } = await RecordLog.open(await storage.open(name), (bytes) => {
      const { blockNumber, transactions } = PrivateBlock.decode(bytes);
      const writes = transactions.flatMap(({ txNumber, plaintext }) =>
        plaintext === undefined ? [] : [{ txNumber, plaintext }],
      );
      found.push({ blockNumber, writes });
    });
    return new PrivateStore(records, found);
  }

  /** What is still there of the plaintext that came with a block. */
  of(blockNumber: number): readonly PrivateWrite[] {
    return this.#byBlock.get(blockNumber) ?? [];
  }

  /** Forgets what was written for blocks from this height on: those blocks never came to be. */
  async cut(height: number): Promise<void> {
    const first = this.#blockOf.findIndex((blockNumber) => blockNumber >= height);
    if (first < 0) return;
    await this.#records.cut(first);
    for (const blockNumber of this.#blockOf.splice(first)) this.#byBlock.delete(blockNumber);
  }

  async append(blockNumber: number, writes: readonly PrivateWrite[]): Promise<void> {
    if (writes.length === 0) return;
    await this.#records.append(PrivateBlock.encode({ blockNumber, transactions: writes }));
    this.#add(blockNumber, writes);
  }

  /** Takes in what a durable block wrote and what it erased; `hashes` is the block's public side. */
  apply(blockNumber: number, hashes: BlockUpdates, erasures: readonly Erasure[]): void {
    const updates = new BlockUpdates(this.state);
    for (const { txNumber, plaintext } of this.of(blockNumber)) {
      updates.applyPrivate(plaintext, { blockNumber, txNumber }, hashes);
    }
    for (const erasure of erasures) {
      for (const key of this.#scrub(erasure)) {
        if (erasure.kind === 'expired')
          updates.end(privateSpace(erasure.namespace, erasure.collection), key, blockNumber);
      }
    }
    updates.commit();
    this.state.advance(blockNumber + 1);
  }

  close(): Promise<void> {
    return this.#records.log.close();
  }

  #add(blockNumber: number, writes: readonly PrivateWrite[]): void {
    this.#blockOf.push(blockNumber);
    this.#byBlock.set(blockNumber, writes);
    for (const { plaintext } of writes) {
      for (const { namespace, collections } of plaintext.namespaces) {
        for (const { collection, rwSet } of collections) {
          for (const { key } of KvRwSet.decode(rwSet).writes) {
            const id = keyId(namespace, collection, hashOfKey(key));
            this.#blocksWith.set(id, [...(this.#blocksWith.get(id) ?? []), blockNumber]);
          }
        }
      }
    }
  }

  /** Takes every value of a key up to a block out of what blocks came with; gives the key if it was there. */
  #scrub({ namespace, collection, keyHash, upToBlock }: Erasure): ReadonlySet<string> {
    const id = keyId(namespace, collection, keyHash);
    const blocks = this.#blocksWith.get(id) ?? [];
    const keys = new Set<string>();
    for (const blockNumber of blocks.filter((each) => each <= upToBlock)) {
      const writes = this.of(blockNumber).map(({ txNumber, plaintext }) => ({
        txNumber,
        plaintext: without(plaintext, namespace, collection, keyHash, keys),
      }));
      this.#byBlock.set(blockNumber, writes);
    }
    const rest = blocks.filter((each) => each > upToBlock);
    if (rest.length > 0) this.#blocksWith.set(id, rest);
    else this.#blocksWith.delete(id);
    return keys;
  }
}

const keyId = (namespace: string, collection: string, keyHash: string): string =>
  `${privateSpace(namespace, collection)}\0${keyHash}`;

function without(
  plaintext: TxPrivateRwSet,
  namespace: string,
  name: string,
  keyHash: string,
  found: Set<string>,
): TxPrivateRwSet {
  const kept = (rwSet: Buffer): Buffer => {
    const set = KvRwSet.decode(rwSet);
    const writes = set.writes.filter(({ key }) => {
      if (hashOfKey(key) !== keyHash) return true;
      found.add(key);
      return false;
    });
    return KvRwSet.encode({ ...set, writes });
  };
  return {
    ...plaintext,
    namespaces: plaintext.namespaces.map((each) => ({
      ...each,
      collections: each.collections.map(({ collection, rwSet }) =>
        each.namespace === namespace && collection === name
          ? { collection, rwSet: kept(rwSet) }
          : { collection, rwSet },
      ),
    })),
  };
}
