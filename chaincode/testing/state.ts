/** A channel's state for tests: versioned values, key-level policies, private data, blocks of one transaction, MVCC checks. */

export type Version = { readonly block: number };
export type Entry = { readonly value: Uint8Array; readonly version: Version };

/** What one simulation read and wrote, in the order of its keys: two honest peers must have equal ones. */
export type ReadWriteSet = {
  readonly reads: ReadonlyMap<string, number | null>;
  readonly ranges: readonly { readonly from: string; readonly to: string; readonly keys: readonly string[] }[];
  /** Null is a deletion. */
  readonly writes: ReadonlyMap<string, Uint8Array | null>;
  readonly policies: ReadonlyMap<string, Uint8Array>;
  readonly privateWrites: ReadonlyMap<string, Uint8Array | null>;
  readonly event?: { readonly name: string; readonly payload: Uint8Array };
};

export class ChannelState {
  readonly #entries = new Map<string, Entry>();
  readonly #policies = new Map<string, Uint8Array>();
  readonly #private = new Map<string, Uint8Array>();
  #height = 0;

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  getPrivate(key: string): Uint8Array | undefined {
    return this.#private.get(key);
  }

  /** Private values of a collection whose keys lie from `from` to before `to`, in their order. */
  privateRange(prefix: string, from: string, to: string): readonly (readonly [string, Uint8Array])[] {
    return [...this.#private]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value] as const)
      .filter(([key]) => key >= from && key < to)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  policyOf(key: string): Uint8Array | undefined {
    return this.#policies.get(key);
  }

  /** Keys from `from` to before `to`, sorted by their UTF-8 bytes as a peer sorts them. */
  range(from: string, to: string): readonly (readonly [string, Entry])[] {
    const bytes = (text: string) => Buffer.from(text);
    return [...this.#entries]
      .filter(([key]) => Buffer.compare(bytes(key), bytes(from)) >= 0 && Buffer.compare(bytes(key), bytes(to)) < 0)
      .sort(([a], [b]) => Buffer.compare(bytes(a), bytes(b)));
  }

  /** Applies a read/write set unless something it read has changed since. */
  commit(set: ReadWriteSet): 'VALID' | 'MVCC_READ_CONFLICT' | 'PHANTOM_READ_CONFLICT' {
    for (const [key, block] of set.reads) {
      if ((this.#entries.get(key)?.version.block ?? null) !== block) return 'MVCC_READ_CONFLICT';
    }
    for (const { from, to, keys } of set.ranges) {
      const now = this.range(from, to).map(([key]) => key);
      if (now.length !== keys.length || now.some((key, at) => key !== keys[at])) return 'PHANTOM_READ_CONFLICT';
    }
    const version = { block: ++this.#height };
    for (const [key, value] of set.writes) {
      if (value === null) this.#entries.delete(key);
      else this.#entries.set(key, { value, version });
    }
    for (const [key, policy] of set.policies) this.#policies.set(key, policy);
    for (const [key, value] of set.privateWrites) {
      if (value === null) this.#private.delete(key);
      else this.#private.set(key, value);
    }
    return 'VALID';
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()].sort();
  }
}
