import type { TxPrivateRwSet, Version } from '../wire/rwset.ts';
import type { CollectionDefinition } from './definitions.ts';
import type { History, HistoryEntry } from './history.ts';
import { type ChaincodeCall, interestOf } from './interest.ts';
import { hashedSpace, privateSpace, sameVersion } from './keys.ts';
import { RangeReads } from './merkle-summary.ts';
import { hashOfKey, type KeyWrite, ReadWriteSet } from './read-write-set.ts';
import type { KeyMetadata, State } from './state.ts';

/** What one endorsing organization sees: the channel's state at one height and its own private state. */
export interface Snapshot {
  readonly txId: string;
  readonly height: number;
  readonly state: State;
  /** Plaintext that this organization holds. */
  readonly privateState: State;
  readonly history: History;
  collection(chaincode: string, name: string): CollectionDefinition | undefined;
  isSystem(namespace: string): boolean;
}

export interface Row {
  readonly key: string;
  readonly value: Buffer;
}

/** One row after another; `undefined` after the last. */
export type Rows<T> = () => T | undefined;

/** The simulation of one proposal by one endorser. Reads see the snapshot only, never own writes. */
export class Simulation {
  readonly #seen: Snapshot;
  readonly #set = new ReadWriteSet();
  readonly #privateReads = new Set<string>();
  #written = false;
  #paginated = false;
  #rangedPrivately = false;

  constructor(snapshot: Snapshot) {
    this.#seen = snapshot;
  }

  get(namespace: string, key: string): Buffer | undefined {
    const held = this.#seen.state.at(namespace, key, this.#seen.height);
    this.#set.of(namespace).reads.set(key, held?.version);
    return held?.value;
  }

  metadata(namespace: string, key: string): KeyMetadata | undefined {
    this.get(namespace, key);
    return this.#seen.state.at(namespace, key, this.#seen.height)?.metadata;
  }

  /** An empty or absent value deletes the key. */
  put(namespace: string, key: string, value: Buffer | undefined): void {
    this.#beforeWrite();
    this.#set.of(namespace).writes.set(key, { value: copied(value) });
  }

  putMetadata(namespace: string, key: string, metadata: KeyMetadata): void {
    this.#beforeWrite();
    this.#set.of(namespace).metadata.set(key, metadata);
  }

  range(namespace: string, startKey: string, endKey: string, limit = Number.POSITIVE_INFINITY): Rows<Row> {
    const { state, height } = this.#seen;
    const info = { startKey, endKey: '', exhausted: false, reads: new RangeReads() };
    this.#set.of(namespace).ranges.push(info);
    const source = state.range(namespace, startKey, endKey, height);
    let left = limit;
    return () => {
      if (left <= 0) return undefined;
      const { value: row, done } = source.next();
      if (done === true || row === undefined) {
        info.exhausted = true;
        info.endKey = endKey;
        return undefined;
      }
      left--;
      info.reads.add({ key: row.key, version: row.version });
      info.endKey = row.key;
      return { key: row.key, value: row.value! };
    };
  }

  /** One page of a range; the writes of such a transaction would not be safe from phantoms, so it may have none. */
  page(namespace: string, startKey: string, endKey: string, size: number): { rows: Rows<Row>; next(): string } {
    if (this.#written) {
      throw this.#unsupported('Paginated queries are supported only in a read-only transaction');
    }
    this.#paginated = true;
    const { state, height } = this.#seen;
    let last: string | undefined;
    const rows = this.range(namespace, startKey, endKey, size > 0 ? size : Number.POSITIVE_INFINITY);
    const following = () => {
      for (const { key } of state.range(namespace, last ?? startKey, endKey, height)) if (key !== last) return key;
      return '';
    };
    return {
      rows: () => {
        const row = rows();
        last = row?.key ?? last;
        return row;
      },
      next: following,
    };
  }

  /** Newest first. */
  history(namespace: string, key: string): Rows<HistoryEntry> {
    const entries = this.#seen.history.of(namespace, key, this.#seen.height);
    return () => entries.next().value ?? undefined;
  }

  // ---- private data: callers have checked that the caller may touch the collection

  getPrivate(namespace: string, collection: string, key: string): Buffer | undefined {
    this.#known(namespace, collection);
    const { state, privateState, height } = this.#seen;
    const held = privateState.at(privateSpace(namespace, collection), key, height);
    const hashed = state.at(hashedSpace(namespace, collection), hashOfKey(key), height);
    if (!sameVersion(hashed?.version, held?.version)) {
      throw new Error(
        `private data matching public hash version is not available. Public hash version = ${named(hashed?.version)}, Private data version = ${named(held?.version)}`,
      );
    }
    this.#set.collection(namespace, collection).reads.set(key, hashed?.version);
    this.#privateReads.add(hashedSpace(namespace, collection));
    return held?.value;
  }

  /** SHA-256 of the value; every organization can read it. */
  getPrivateHash(namespace: string, collection: string, key: string): Buffer | undefined {
    return this.#hashed(namespace, collection, key)?.value;
  }

  privateMetadata(namespace: string, collection: string, key: string): KeyMetadata | undefined {
    return this.#hashed(namespace, collection, key)?.metadata;
  }

  putPrivate(namespace: string, collection: string, key: string, write: KeyWrite): void {
    this.#known(namespace, collection);
    this.#beforeWrite();
    const { value, purge } = write;
    this.#set.collection(namespace, collection).writes.set(key, { value: copied(value), purge: purge === true });
  }

  putPrivateMetadata(namespace: string, collection: string, key: string, metadata: KeyMetadata): void {
    this.#known(namespace, collection);
    this.#beforeWrite();
    this.#set.collection(namespace, collection).metadata.set(key, metadata);
  }

  rangePrivate(namespace: string, collection: string, startKey: string, endKey: string): Rows<Row> {
    if (this.#written) throw this.#unsupported('Queries on pvt data is supported only in a read-only transaction');
    this.#rangedPrivately = true;
    this.#known(namespace, collection);
    const { privateState, height } = this.#seen;
    const source = privateState.range(privateSpace(namespace, collection), startKey, endKey, height);
    return () => {
      const { value: row } = source.next();
      return row === undefined ? undefined : { key: row.key, value: row.value! };
    };
  }

  results(): { results: Buffer; plaintext: TxPrivateRwSet | undefined; interest: readonly ChaincodeCall[] } {
    const { state, height, isSystem } = this.#seen;
    const interest = interestOf({ set: this.#set, state, height, privateReads: this.#privateReads }, isSystem);
    return { ...this.#set.encode(), interest };
  }

  #hashed(namespace: string, collection: string, key: string) {
    this.#known(namespace, collection);
    const held = this.#seen.state.at(hashedSpace(namespace, collection), hashOfKey(key), this.#seen.height);
    this.#set.collection(namespace, collection).reads.set(key, held?.version);
    return held;
  }

  #known(namespace: string, collection: string): void {
    if (this.#seen.collection(namespace, collection) !== undefined) return;
    throw new Error(`collection [${collection}] not defined in the collection config for chaincode [${namespace}]`);
  }

  #beforeWrite(): void {
    if (this.#rangedPrivately) {
      throw this.#unsupported('Transaction has already performed queries on pvt data. Writes are not allowed');
    }
    if (this.#paginated) {
      throw this.#unsupported('Transaction has already performed a paginated query. Writes are not allowed');
    }
    this.#written = true;
  }

  /** Fabric's own spelling. */
  #unsupported(why: string): Error {
    return new Error(`txid [${this.#seen.txId}]: unsuppored transaction. ${why}`);
  }
}

/** Values are views into the stream's buffers, which they would keep alive for as long as the state lives. */
const copied = (value: Buffer | undefined): Buffer | undefined =>
  value === undefined ? undefined : Buffer.from(value);

function named(version: Version | undefined): string {
  return version === undefined ? '<nil>' : `{BlockNum: ${version.blockNumber}, TxNum: ${version.txNumber}}`;
}
