import { hash } from 'node:crypto';
import { leafHash, MerkleRootBuilder } from './merkle.ts';
import { climb, includes, MerkleTree } from './merkle-proof.ts';
import { RowEncoder } from './row-encoder.ts';
import { rowSalts, saltBytes } from './row-salts.ts';
import type { Cell, RowColumn } from './row-schema.ts';

export interface RowTreesOptions {
  readonly jobSecret: Uint8Array;
  readonly partition: number;
  /** Rows of every batch, in order: the job's batch plan. */
  readonly plan: readonly number[];
  readonly columns: readonly RowColumn[];
}

/**
 * The trees over a partition's result rows: one per planned batch over its salted rows (leaf SHA-256(0x00 || salt ||
 * row)), and one over the batch roots (leaf SHA-256(0x00 || batch root)). Rows are appended in the plan's order; memory
 * stays logarithmic unless leaves are kept for proofs.
 */
export class RowTrees {
  readonly #options: RowTreesOptions;
  readonly #encoder: RowEncoder;
  readonly #batchRoots: Uint8Array[] = [];
  readonly #onLeaf: ((leaf: Uint8Array, batch: number, row: number) => void) | undefined;
  #batch = new MerkleRootBuilder();
  #salts: Uint8Array = new Uint8Array(0);

  constructor(options: RowTreesOptions, onLeaf?: (leaf: Uint8Array, batch: number, row: number) => void) {
    if (!options.plan.every((rows) => Number.isSafeInteger(rows) && rows > 0))
      throw new RangeError('every batch of a plan has rows');
    this.#options = options;
    this.#encoder = new RowEncoder(options.columns);
    this.#onLeaf = onLeaf;
  }

  /** Adds the next row of the plan. Refuses a row beyond it. */
  append(rowId: bigint | number, cells: readonly Cell[]): void {
    const { jobSecret, partition, plan } = this.#options;
    const batch = this.#batchRoots.length;
    const planned = plan[batch];
    if (planned === undefined) throw new RangeError('there are more rows than the plan has');
    const row = this.#batch.size;
    if (row === 0) this.#salts = rowSalts(jobSecret, partition, batch, planned);
    const leafInput = this.#encoder.encodeWithPrefix(rowId, cells);
    leafInput[0] = 0;
    leafInput.set(this.#salts.subarray(row * saltBytes, (row + 1) * saltBytes), 1);
    const leaf = hash('sha256', leafInput, 'buffer');
    this.#onLeaf?.(leaf, batch, row);
    this.#batch.append(leaf);
    if (this.#batch.size < planned) return;
    this.#batchRoots.push(this.#batch.root());
    this.#batch = new MerkleRootBuilder();
  }

  /** The batch roots and the root over them. Refuses while rows of the plan are missing. */
  finish(): { readonly root: Uint8Array; readonly batchRoots: readonly Uint8Array[]; readonly leaves: number } {
    const { plan } = this.#options;
    if (this.#batchRoots.length !== plan.length) throw new RangeError('rows of the plan are missing');
    return {
      root: rootOfBatches(this.#batchRoots),
      batchRoots: this.#batchRoots,
      leaves: plan.reduce((sum, rows) => sum + rows, 0),
    };
  }
}

export function rootOfBatches(batchRoots: readonly Uint8Array[]): Uint8Array {
  const builder = new MerkleRootBuilder();
  for (const root of batchRoots) builder.append(leafHash(root));
  return builder.root();
}

/** Shows that one row stands under a partition's root; hashes, salt and row are lower-case hex, so that it travels as JSON. */
export interface RowProof {
  readonly batch: number;
  readonly batches: number;
  readonly row: number;
  readonly rows: number;
  readonly salt: string;
  readonly bytes: string;
  readonly rowPath: readonly string[];
  readonly batchPath: readonly string[];
}

/**
 * Proves chosen rows of a partition: every row is appended again (whoever holds the results and the job's secret can),
 * only the leaves are kept.
 */
export class RowProver {
  readonly #options: RowTreesOptions;
  readonly #trees: RowTrees;
  readonly #leaves: Uint8Array[][];

  constructor(options: RowTreesOptions) {
    this.#options = options;
    this.#leaves = options.plan.map(() => []);
    this.#trees = new RowTrees(options, (leaf, batch) => this.#leaves[batch]?.push(leaf));
  }

  append(rowId: bigint | number, cells: readonly Cell[]): void {
    this.#trees.append(rowId, cells);
  }

  root(): Uint8Array {
    return this.#trees.finish().root;
  }

  /** The proof of row `row` of batch `batch`; its id and cells are given again, the prover keeps none. */
  prove(batch: number, row: number, rowId: bigint | number, cells: readonly Cell[]): RowProof {
    const { jobSecret, partition, plan, columns } = this.#options;
    const { batchRoots } = this.#trees.finish();
    const rows = plan[batch];
    if (rows === undefined || !(row >= 0 && row < rows))
      throw new RangeError(`the plan has no row ${row} of batch ${batch}`);
    const salt = rowSalts(jobSecret, partition, batch, rows).subarray(row * saltBytes, (row + 1) * saltBytes);
    const bytes = new RowEncoder(columns).encode(rowId, cells);
    if (Buffer.compare(rowLeaf(salt, bytes), this.#leaves[batch]?.[row] as Uint8Array) !== 0)
      throw new RangeError('these are not the cells that were appended there');
    return {
      batch,
      batches: plan.length,
      row,
      rows,
      salt: hex(salt),
      bytes: hex(bytes),
      rowPath: new MerkleTree(this.#leaves[batch] ?? []).inclusionProof(row).map(hex),
      batchPath: new MerkleTree(batchRoots.map(leafHash)).inclusionProof(batch).map(hex),
    };
  }
}

/** Says whether a proof leads from its row to the root. What the row says is in `bytes`, as RowEncoder writes it. */
export function rowProofHolds(root: Uint8Array, proof: RowProof): boolean {
  const [salt, bytes] = [unhex(proof.salt), unhex(proof.bytes)];
  if (salt?.length !== saltBytes || bytes === undefined) return false;
  const paths = [...proof.rowPath, ...proof.batchPath].map(unhex);
  if (paths.some((node) => node?.length !== 32)) return false;
  const nodes = paths as Uint8Array[];
  const rowPath = nodes.slice(0, proof.rowPath.length);
  const batchRoot = climb(rowLeaf(salt, bytes), proof.row, proof.rows, rowPath);
  if (batchRoot === undefined) return false;
  return includes(root, leafHash(batchRoot), proof.batch, proof.batches, nodes.slice(proof.rowPath.length));
}

function rowLeaf(salt: Uint8Array, bytes: Uint8Array): Uint8Array {
  return leafHash(Buffer.concat([salt, bytes]));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function unhex(text: string): Uint8Array | undefined {
  return typeof text === 'string' && /^(?:[0-9a-f]{2})*$/.test(text) ? Buffer.from(text, 'hex') : undefined;
}
