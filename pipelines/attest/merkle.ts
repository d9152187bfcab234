import { hash } from 'node:crypto';

/**
 * Merkle trees of RFC 6962 (RFC 9162) over SHA-256: leaf H(0x00 || data), node H(0x01 || left || right), split at the
 * largest power of two below the size, the empty tree H(""). Hashes are 32-byte arrays.
 */
const nodeInput = Buffer.alloc(65, 1);

export function emptyRoot(): Uint8Array {
  return hash('sha256', '', 'buffer');
}

export function leafHash(data: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(data.length + 1);
  input[0] = 0;
  input.set(data, 1);
  return hash('sha256', input, 'buffer');
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 1);
  nodeInput.set(right, 33);
  return hash('sha256', nodeInput, 'buffer');
}

/** Builds a root over leaf hashes as they come, keeping one hash per level (log2 of the count). */
export class MerkleRootBuilder {
  /** Roots of complete subtrees, largest first; bit i of the size says whether there is one of height i. */
  readonly #peaks: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    let top = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#peaks.pop();
      if (left !== undefined) top = nodeHash(left, top);
    }
    this.#peaks.push(top);
    this.#size++;
  }

  /** The root over all leaves so far; more may follow. */
  root(): Uint8Array {
    const last = this.#peaks.at(-1);
    if (last === undefined) return emptyRoot();
    return this.#peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
  }
}

/** The root over leaf hashes. */
export function merkleRoot(leaves: Iterable<Uint8Array>): Uint8Array {
  const builder = new MerkleRootBuilder();
  for (const leaf of leaves) builder.append(leaf);
  return builder.root();
}
