import type { FailureCode } from './child/protocol.ts';

/** A label with the probability that the model gives it. */
export interface ScoredLabel {
  readonly label: string;
  readonly score: number;
}

/** The row of an item that could not be inferred. `reason` is `CODE: sentence`, the same on every machine. */
export interface FailedRow {
  readonly status: 'failed';
  readonly reason: string;
}

/** A photograph's row: its best label, and the best few. */
export interface LabelRow {
  readonly status: 'ok';
  readonly label: string;
  readonly score: number;
  readonly top: readonly ScoredLabel[];
}

/** A document's row: a unit vector. */
export interface EmbeddingRow {
  readonly status: 'ok';
  readonly embedding: Float32Array;
}

/** A row of an item that goes on in the next row; what came out of the item stands in its last row. */
export interface PartRow {
  readonly status: 'part';
}

export type InferredRow = LabelRow | EmbeddingRow | FailedRow | PartRow;

/** A row as it stands in a result: which row of the dataset version, which item, and what came out. */
export type ResultRow = InferredRow & { readonly row: bigint; readonly item: string };

/** The text of a failure as it stands in results. */
export function failureReason(code: FailureCode, detail: string): string {
  return `${code}: ${detail}`;
}
