import type { Cell, RowColumn } from '../row-schema.ts';
import type { RowProof } from '../row-trees.ts';

/** Vectors lie in the source tree; this module runs from the compiled one. */
export const rowVectorFile = new URL('../../../attest/vectors/rows.json', import.meta.url);

export const vectorColumns: readonly RowColumn[] = [
  { name: 'item', dtype: 'utf8', shape: [] },
  { name: 'reason', dtype: 'utf8', shape: [] },
  { name: 'score', dtype: 'float32', shape: [] },
  { name: 'embedding', dtype: 'float32', shape: [3] },
  { name: 'top.label', dtype: 'utf8', shape: [-1] },
  { name: 'frames', dtype: 'uint64', shape: [] },
];

/** What the vector's rows hold; in the file they stand as text beside their bytes. */
export const vectorRows: readonly (readonly Cell[])[] = [
  ['first.jpg', null, 0.5, Float32Array.of(1, -0, Number.NaN), ['cup', 'Tasse'], 7n],
  ['zweites Bild.jpg', null, Number.POSITIVE_INFINITY, Float32Array.of(0, 1e-45, -1), [], 2n ** 64n - 1n],
  ['broken.jpg', 'NOT_AN_IMAGE: the bytes are no picture', null, null, null, null],
  ['日本.png', null, -0, Float32Array.of(1, 2, 3), ['é', 'e\u0301'], 0n],
  ['', null, 1 / 3, Float32Array.of(0.1, 0.2, 0.3), [''], 1n],
];

export interface RowVector {
  readonly columns: readonly RowColumn[];
  readonly schemaId: string;
  readonly jobSecret: string;
  readonly partition: number;
  readonly plan: readonly number[];
  readonly firstRowId: string;
  readonly rows: readonly {
    readonly cells: readonly string[];
    readonly bytes: string;
    readonly salt: string;
    readonly leaf: string;
  }[];
  readonly batchRoots: readonly string[];
  readonly root: string;
  readonly proof: RowProof;
  /** The proof changed so that it must not hold. */
  readonly refused: readonly { readonly name: string; readonly proof: RowProof }[];
}
