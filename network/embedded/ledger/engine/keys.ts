import type { Version } from '../wire/rwset.ts';

/** Orders keys by their UTF-8 bytes, as LevelDB does; JavaScript compares UTF-16 units, which differ around surrogates. */
export function byUtf8(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? ranked(x) - ranked(y) : x - y;
  }
  return a.length - b.length;
}

/** Puts surrogates, which stand for code points above U+FFFF, after U+E000..U+FFFF. */
const ranked = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

export function sameVersion(a: Version | undefined, b: Version | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.blockNumber === b.blockNumber && a.txNumber === b.txNumber;
}

/** Where the hashes of a collection lie in the state; no chaincode's own namespace contains U+0000. */
export const hashedSpace = (namespace: string, collection: string): string => `${namespace}\0#${collection}`;
/** The namespace and, where it holds a collection's hashes, the collection that a space of the public state stands for. */
export function publicSpace(space: string): { readonly namespace: string; readonly collection: string | undefined } {
  const at = space.indexOf('\0#');
  return at < 0
    ? { namespace: space, collection: undefined }
    : { namespace: space.slice(0, at), collection: space.slice(at + 2) };
}
/** Where the plaintext of a collection lies in one organization's private state. */
export const privateSpace = (namespace: string, collection: string): string => `${namespace}\0p${collection}`;

const MAX_RUN = 512;

/** Keys in UTF-8 order, in runs short enough to insert into; keys are never taken out. */
export class SortedKeys {
  readonly #runs: string[][] = [[]];
  #added = 0;

  add(key: string): void {
    this.#added++;
    const at = this.#runAt(key);
    const run = this.#runs[at]!;
    run.splice(lowerBound(run, key), 0, key);
    if (run.length > MAX_RUN) this.#runs.splice(at + 1, 0, run.splice(run.length >> 1));
  }

  /** Keys from `start` on, up to and without `end`; an empty `end` is none. Keys may be added while this goes on. */
  *range(start: string, end: string): Generator<string> {
    let added = -1;
    let next = start;
    for (let r = 0, i = 0; ; i++) {
      if (added !== this.#added) {
        added = this.#added;
        r = this.#runAt(next);
        i = lowerBound(this.#runs[r]!, next);
      }
      while (r < this.#runs.length && i >= this.#runs[r]!.length) {
        r++;
        i = 0;
      }
      const key = this.#runs[r]?.[i];
      if (key === undefined || (end !== '' && byUtf8(key, end) >= 0)) return;
      next = `${key}\0`;
      yield key;
    }
  }

  /** The last run whose first key is not after `key`. */
  #runAt(key: string): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (byUtf8(this.#runs[middle]![0] ?? '', key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(run: readonly string[], key: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byUtf8(run[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
