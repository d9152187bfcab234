import {
  optionalFloat32,
  optionalScoredList,
  optionalUtf8,
  optionalVector,
  uint64,
  utf8,
} from '../ingest/arrow/columns.ts';
import { FixedTable } from '../ingest/arrow/fixed-table.ts';
import { SegmentCorrupt } from '../ingest/ingest-refusal.ts';
import type { ModelCard } from './card.ts';
import type { ResultRow, ScoredLabel } from './result-row.ts';

/** Columns that every result has: the row of the version, the item's name, and whether it was inferred. */
interface ResultColumns {
  readonly row: bigint;
  readonly item: string;
  readonly status: string;
  readonly reason: string | undefined;
}

interface LabelColumns extends ResultColumns {
  readonly label: string | undefined;
  readonly score: number | undefined;
  readonly top: readonly ScoredLabel[] | undefined;
}

interface VectorColumns extends ResultColumns {
  readonly embedding: Float32Array | undefined;
}

/** Which result schema a card leads to: its task and, for embeddings, the number of dimensions. */
export type ResultShape =
  | { readonly task: 'image-classification' }
  | { readonly task: 'text-embedding'; readonly dimensions: number };

const shared = { row: uint64, item: utf8, status: utf8, reason: optionalUtf8 };
const labelTable = new FixedTable<LabelColumns>({
  ...shared,
  label: optionalUtf8,
  score: optionalFloat32,
  top: optionalScoredList,
});
const vectorTables = new Map<number, FixedTable<VectorColumns>>();

export function resultShape(card: ModelCard): ResultShape {
  return card.task === 'text-embedding' ? { task: card.task, dimensions: card.output.dimensions } : { task: card.task };
}

/** SHA-256 of the Arrow schema message of a task's result segments, lower-case hex. */
export function resultSchemaHash(shape: ResultShape): string {
  return tableOf(shape).schemaHash;
}

/** Writes result rows as one Arrow segment; equal rows give equal bytes. */
export function writeResults(rows: readonly ResultRow[], shape: ResultShape): Uint8Array {
  if (shape.task === 'text-embedding') {
    return vectorTable(shape.dimensions).encode(
      rows.map((row) => ({ ...columns(row), embedding: 'embedding' in row ? row.embedding : undefined })),
    );
  }
  return labelTable.encode(
    rows.map((row) => {
      const labelled = 'label' in row ? row : undefined;
      return { ...columns(row), label: labelled?.label, score: labelled?.score, top: labelled?.top };
    }),
  );
}

/** Reads a result segment. Throws SegmentCorrupt for anything `writeResults` does not write for this shape. */
export function readResults(
  segment: Uint8Array,
  shape: ResultShape,
  expected?: { readonly rows: number },
): ResultRow[] {
  if (shape.task === 'text-embedding') {
    return vectorTable(shape.dimensions)
      .decode(segment, expected)
      .map((row) => result(row, row.embedding === undefined ? undefined : { embedding: row.embedding }));
  }
  return labelTable.decode(segment, expected).map(({ label, score, top, ...row }) => {
    const whole = label !== undefined && score !== undefined && top !== undefined;
    return result(row, whole ? { label, score, top } : undefined);
  });
}

function columns(row: ResultRow): ResultColumns {
  return { row: row.row, item: row.item, status: row.status, reason: row.status === 'failed' ? row.reason : undefined };
}

function result<Values extends object>({ row, item, status, reason }: ResultColumns, values: Values | undefined) {
  if (status === 'ok' && values !== undefined && reason === undefined) return { row, item, status, ...values } as const;
  if (status === 'failed' && values === undefined && reason !== undefined)
    return { row, item, status, reason } as const;
  if (status === 'part' && values === undefined && reason === undefined) return { row, item, status } as const;
  throw new SegmentCorrupt(`row ${row} of the result says both that it was inferred and that it was not`);
}

function tableOf(shape: ResultShape): { readonly schemaHash: string } {
  return shape.task === 'text-embedding' ? vectorTable(shape.dimensions) : labelTable;
}

function vectorTable(dimensions: number): FixedTable<VectorColumns> {
  const known = vectorTables.get(dimensions);
  if (known !== undefined) return known;
  const made = new FixedTable<VectorColumns>({ ...shared, embedding: optionalVector(dimensions) });
  vectorTables.set(dimensions, made);
  return made;
}
