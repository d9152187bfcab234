import { emptyRoot, nodeHash } from './merkle.ts';

/** The largest power of two below the size, where RFC 6962 splits a tree of two or more leaves. */
function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

/** A tree that is kept whole to prove leaves of it: two hashes per leaf of memory, proofs in logarithmic time. */
export class MerkleTree {
  readonly #leaves: readonly Uint8Array[];
  /** Roots of complete subtrees by height and position, filled when first asked for. */
  readonly #levels: Uint8Array[][] = [];

  constructor(leaves: Iterable<Uint8Array>) {
    this.#leaves = [...leaves];
    this.#levels.push([...this.#leaves]);
    for (let below = this.#leaves; below.length > 1; ) {
      const level: Uint8Array[] = [];
      for (let at = 0; at + 1 < below.length; at += 2)
        level.push(nodeHash(below[at] as Uint8Array, below[at + 1] as Uint8Array));
      this.#levels.push(level);
      below = level;
    }
  }

  get size(): number {
    return this.#leaves.length;
  }

  /** The root of the first `size` leaves (all of them unless said otherwise). */
  root(size = this.size): Uint8Array {
    if (size === 0) return emptyRoot();
    this.#checkSize(size);
    return this.#rangeRoot(0, size);
  }

  /** The audit path of one leaf, nearest sibling first (RFC 6962, 2.1.1). */
  inclusionProof(index: number, size = this.size): Uint8Array[] {
    this.#checkSize(size);
    if (!Number.isInteger(index) || index < 0 || index >= size) throw new RangeError(`no leaf ${index} among ${size}`);
    const path: Uint8Array[] = [];
    let from = 0;
    let to = size;
    while (to - from > 1) {
      const middle = from + split(to - from);
      path.push(index < middle ? this.#rangeRoot(middle, to) : this.#rangeRoot(from, middle));
      if (index < middle) to = middle;
      else from = middle;
    }
    return path.reverse();
  }

  /** Shows that the tree of the first `oldSize` leaves is a prefix of that of `size` leaves (RFC 6962, 2.1.2). */
  consistencyProof(oldSize: number, size = this.size): Uint8Array[] {
    this.#checkSize(size);
    if (!Number.isInteger(oldSize) || oldSize < 1 || oldSize > size)
      throw new RangeError(`${oldSize} is no prefix of ${size}`);
    return this.#subproof(oldSize, 0, size, true);
  }

  #subproof(oldSize: number, from: number, to: number, whole: boolean): Uint8Array[] {
    const size = to - from;
    if (oldSize === size) return whole ? [] : [this.#rangeRoot(from, to)];
    const half = split(size);
    return oldSize <= half
      ? [...this.#subproof(oldSize, from, from + half, whole), this.#rangeRoot(from + half, to)]
      : [...this.#subproof(oldSize - half, from + half, to, false), this.#rangeRoot(from, from + half)];
  }

  /** Ranges begin at a multiple of the power of two that covers them, so complete ones are stored hashes. */
  #rangeRoot(from: number, to: number): Uint8Array {
    const size = to - from;
    const height = Math.log2(size);
    if (Number.isInteger(height)) return this.#levels[height]?.[from / size] as Uint8Array;
    const middle = from + split(size);
    return nodeHash(this.#rangeRoot(from, middle), this.#rangeRoot(middle, to));
  }

  #checkSize(size: number): void {
    if (!Number.isInteger(size) || size < 1 || size > this.size)
      throw new RangeError(`no tree of ${size} leaves among ${this.size}`);
  }
}

/**
 * The root to which a leaf hash at `index` of `size` leaves climbs along its audit path (RFC 9162, 2.1.3.2), or nothing
 * when the path does not fit that place.
 */
export function climb(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!isPosition(index, size) || !path.every(isHash)) return undefined;
  let node = BigInt(index);
  let last = BigInt(size) - 1n;
  let computed = leaf;
  for (const sibling of path) {
    if (last === 0n) return undefined;
    if (node % 2n === 1n || node === last) {
      computed = nodeHash(sibling, computed);
      while (node % 2n === 0n && node !== 0n) {
        node /= 2n;
        last /= 2n;
      }
    } else computed = nodeHash(computed, sibling);
    node /= 2n;
    last /= 2n;
  }
  return last === 0n ? computed : undefined;
}

/** Says whether the leaf hash stands at `index` in the tree of `size` leaves with that root. */
export function includes(
  root: Uint8Array,
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): boolean {
  const computed = climb(leaf, index, size, path);
  return computed !== undefined && equal(computed, root);
}

/** Says whether the tree of `size` leaves continues that of `oldSize` leaves (RFC 9162, 2.1.4.2). */
export function continues(
  oldRoot: Uint8Array,
  oldSize: number,
  root: Uint8Array,
  size: number,
  proof: readonly Uint8Array[],
): boolean {
  if (!isPosition(oldSize - 1, size) || !proof.every(isHash)) return false;
  if (oldSize === size) return proof.length === 0 && equal(oldRoot, root);
  const isPower = Number.isInteger(Math.log2(oldSize));
  const path = isPower ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let node = BigInt(oldSize) - 1n;
  let last = BigInt(size) - 1n;
  while (node % 2n === 1n) {
    node /= 2n;
    last /= 2n;
  }
  let older = first;
  let newer = first;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (node % 2n === 1n || node === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (node % 2n === 0n && node !== 0n) {
        node /= 2n;
        last /= 2n;
      }
    } else newer = nodeHash(newer, sibling);
    node /= 2n;
    last /= 2n;
  }
  return last === 0n && equal(older, oldRoot) && equal(newer, root);
}

function isPosition(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size;
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === 32;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
