import type { Timestamp } from '../wire/envelope.ts';

/** What one valid transaction made of a key. */
export interface HistoryEntry {
  readonly txId: string;
  /** `undefined` for a delete. */
  readonly value: Buffer | undefined;
  /** The proposal's own, chosen by its client. */
  readonly timestamp: Timestamp | undefined;
  readonly blockNumber: number;
}

/** Every value that every public key ever had. */
export class History {
  readonly #spaces = new Map<string, Map<string, HistoryEntry[]>>();

  add(namespace: string, key: string, entry: HistoryEntry): void {
    let keys = this.#spaces.get(namespace);
    if (keys === undefined) {
      keys = new Map();
      this.#spaces.set(namespace, keys);
    }
    const entries = keys.get(key);
    if (entries === undefined) keys.set(key, [entry]);
    else entries.push(entry);
  }

  /** Newest first, as of `height` blocks. */
  *of(namespace: string, key: string, height: number): Generator<HistoryEntry> {
    const entries = this.#spaces.get(namespace)?.get(key) ?? [];
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i]!;
      if (entry.blockNumber < height) yield entry;
    }
  }
}
