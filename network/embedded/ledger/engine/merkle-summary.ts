import { sha256 } from '../msp/signature.ts';
import { type KvRead, QueryReads } from '../wire/rwset.ts';

/** Reads of a range up to this many are named one by one, more are hashed, as in Fabric. */
const MAX_DEGREE = 50;

type ReadIn = { readonly key: string; readonly version: KvRead['version'] };
export interface Summary {
  readonly maxDegree: number;
  readonly maxLevel: number;
  readonly maxLevelHashes: readonly Buffer[];
}

/** Collects the reads of one range query: raw while they are few, else as a tree of hashes (Fabric's layout). */
export class RangeReads {
  #pending: ReadIn[] = [];
  readonly #levels = new Map<number, Buffer[]>();
  #maxLevel = 1;

  add(read: ReadIn): void {
    this.#pending.push(read);
    if (this.#pending.length > MAX_DEGREE) this.#hashPending();
  }

  /** What goes into the read set. Call once, after the last read. */
  done(): { readonly raw: readonly ReadIn[]; readonly summary: Summary | undefined } {
    if (this.#levels.size === 0) return { raw: this.#pending, summary: undefined };
    if (this.#pending.length > 0) this.#hashPending();
    this.#close();
    const hashes = this.#levels.get(this.#maxLevel) ?? [];
    return { raw: [], summary: { maxDegree: MAX_DEGREE, maxLevel: this.#maxLevel, maxLevelHashes: hashes } };
  }

  #hashPending(): void {
    const leaf = sha256(QueryReads.encode({ kvReads: this.#pending as readonly KvRead[] }));
    this.#pending = [];
    let level = 1;
    let hashes = this.#append(level, leaf);
    while (hashes.length > MAX_DEGREE) {
      this.#levels.delete(level);
      hashes = this.#append(++level, sha256(...hashes));
      this.#maxLevel = Math.max(this.#maxLevel, level);
    }
  }

  /** Lifts what is left on lower levels up to the highest one. */
  #close(): void {
    for (let level = 1; level < this.#maxLevel; level++) {
      const hashes = this.#levels.get(level) ?? [];
      if (hashes.length === 0) continue;
      this.#levels.delete(level);
      this.#append(level + 1, hashes.length === 1 ? hashes[0]! : sha256(...hashes));
    }
    const top = this.#levels.get(this.#maxLevel) ?? [];
    if (top.length <= MAX_DEGREE) return;
    this.#levels.delete(this.#maxLevel);
    this.#append(++this.#maxLevel, sha256(...top));
  }

  #append(level: number, hash: Buffer): Buffer[] {
    const hashes = this.#levels.get(level) ?? [];
    hashes.push(hash);
    this.#levels.set(level, hashes);
    return hashes;
  }
}
