import { type KvRwSet, KvRwSet as KvRwSetMessage, type TxPrivateRwSet, type Version } from '../wire/rwset.ts';
import { byUtf8, hashedSpace, privateSpace, publicSpace, sameVersion } from './keys.ts';
import { hashOfKey } from './read-write-set.ts';
import type { Held, KeyMetadata, State } from './state.ts';
import type { NamespaceChanges } from './transaction.ts';

interface Change {
  readonly key: string;
  /** `undefined` leaves the value; `deleted` ends the key. */
  readonly value?: Buffer | undefined;
  readonly deleted?: boolean;
  readonly metadata?: KeyMetadata | undefined;
}

/** What the valid transactions of a block so far make of the state; taken in at once when the block is on disk. */
export class BlockUpdates {
  readonly #state: State;
  readonly #spaces = new Map<string, Map<string, Held>>();

  constructor(state: State) {
    this.#state = state;
  }

  /** Whether an earlier transaction of this block touched the key. */
  has(space: string, key: string): boolean {
    return this.#spaces.get(space)?.has(key) === true;
  }

  in(space: string): Iterable<readonly [string, Held]> {
    return this.#spaces.get(space) ?? [];
  }

  /** Everything changed in public: by namespace, in each its own keys first and then its collections' hashes. */
  spaces(): readonly {
    readonly namespace: string;
    readonly collection: string | undefined;
    readonly keys: Iterable<readonly [string, Held]>;
  }[] {
    return [...this.#spaces]
      .map(([space, keys]) => ({ ...publicSpace(space), keys }))
      .sort((a, b) => byUtf8(a.namespace, b.namespace) || byUtf8(a.collection ?? '', b.collection ?? ''));
  }

  latest(space: string, key: string): Held | undefined {
    const held = this.#spaces.get(space)?.get(key);
    if (held === undefined) return this.#state.latest(space, key);
    return held.value === undefined ? undefined : held;
  }

  /** Applies one transaction's public writes and hashes. */
  apply(namespaces: readonly NamespaceChanges[], version: Version): void {
    for (const { namespace, open, collections } of namespaces) {
      this.#changes(namespace, changesOf(open), version);
      for (const { name, hashed } of collections) {
        const changes = new Map<string, Change>();
        for (const { keyHash, isDelete, valueHash } of hashed.writes) {
          const key = keyHash.toString('hex');
          changes.set(key, { key, value: Buffer.from(valueHash), deleted: isDelete });
        }
        for (const { keyHash, entries } of hashed.metadataWrites) {
          const key = keyHash.toString('hex');
          changes.set(key, { ...changes.get(key), key, metadata: metadataOf(entries) });
        }
        this.#changes(hashedSpace(namespace, name), changes.values(), version);
      }
    }
  }

  /** Applies one transaction's plaintext writes to an organization's private state; `hashes` is the public side. */
  applyPrivate(plaintext: TxPrivateRwSet, version: Version, hashes: BlockUpdates): void {
    for (const { namespace, collections } of plaintext.namespaces) {
      for (const { collection, rwSet } of collections) {
        const space = privateSpace(namespace, collection);
        const set = KvRwSetMessage.decode(rwSet);
        // Metadata of a private key lies with its hash; the plaintext only follows the hash's version.
        const written = changesOf({ ...set, metadataWrites: [] });
        this.#changes(space, written, version);
        for (const { key } of set.metadataWrites) {
          const held = this.latest(space, key);
          const hashed = hashes.latest(hashedSpace(namespace, collection), hashOfKey(key));
          if (held !== undefined && sameVersion(hashed?.version, version)) this.#put(space, key, { ...held, version });
        }
      }
    }
  }

  /** Ends a key behind the last transaction of a block. */
  end(space: string, key: string, blockNumber: number): void {
    const version = { blockNumber, txNumber: Number.MAX_SAFE_INTEGER };
    this.#put(space, key, { value: undefined, metadata: undefined, version });
  }

  commit(): void {
    for (const [space, keys] of this.#spaces) for (const [key, held] of keys) this.#state.put(space, key, held);
  }

  /** A value keeps the key's metadata, metadata keep its value; metadata of a key that is not there change nothing. */
  #changes(space: string, changes: Iterable<Change>, version: Version): void {
    for (const { key, value, deleted, metadata } of changes) {
      const before = this.latest(space, key);
      if (deleted === true) this.#put(space, key, { value: undefined, metadata: undefined, version });
      else if (value !== undefined) this.#put(space, key, { value, metadata: metadata ?? before?.metadata, version });
      else if (before !== undefined) this.#put(space, key, { value: before.value, metadata, version });
    }
  }

  #put(space: string, key: string, held: Held): void {
    let keys = this.#spaces.get(space);
    if (keys === undefined) {
      keys = new Map();
      this.#spaces.set(space, keys);
    }
    keys.set(key, held);
  }
}

function changesOf({ writes, metadataWrites }: KvRwSet): Iterable<Change> {
  const changes = new Map<string, Change>();
  for (const { key, value, isDelete } of writes) {
    changes.set(key, { key, value: Buffer.from(value), deleted: isDelete || value.length === 0 });
  }
  for (const { key, entries } of metadataWrites)
    changes.set(key, { ...changes.get(key), key, metadata: metadataOf(entries) });
  return changes.values();
}

/** Copies, because what is decoded are views into the block. No entries means that the metadata end. */
function metadataOf(entries: readonly { readonly name: string; readonly value: Buffer }[]): KeyMetadata | undefined {
  if (entries.length === 0) return undefined;
  const metadata = Object.create(null) as Record<string, Buffer>;
  for (const { name, value } of entries) metadata[name] = Buffer.from(value);
  return metadata;
}
