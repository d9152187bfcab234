import type { Cell } from '@d-cloud/pipelines/attest';
import type { ResultRow, ResultShape } from '@d-cloud/pipelines/infer';
import { resultCells } from '@d-cloud/pipelines/partition';
import type { EvidencePack, ReadableRow } from './pack.ts';

/** A result row as people and JSON read it. Numbers are those of the row, exactly: every 32-bit float is a JSON number. */
export function readableRow(row: ResultRow): ReadableRow {
  const shown = { row: Number(row.row), item: row.item, status: row.status };
  if (row.status === 'failed') return { ...shown, reason: row.reason };
  if ('embedding' in row) return { ...shown, embedding: [...row.embedding] };
  if ('label' in row) {
    return { ...shown, label: row.label, score: row.score, top: row.top.map(({ label, score }) => ({ label, score })) };
  }
  return shown;
}

/** The cells that a readable row stands for, to be encoded and compared with the proven bytes. */
export function cellsOf(row: ReadableRow, shape: ResultShape): readonly Cell[] {
  const { row: id, item, status, reason = '', label = '', score = 0, top = [], embedding = [] } = row;
  const named = { row: BigInt(id), item };
  if (status === 'failed') return resultCells({ ...named, status, reason }, shape);
  if (status === 'part') return resultCells({ ...named, status }, shape);
  return resultCells(
    shape.task === 'text-embedding'
      ? { ...named, status, embedding: Float32Array.from(embedding) }
      : { ...named, status, label, score, top },
    shape,
  );
}

export function shapeOf({ task, dimensions }: EvidencePack['shape']): ResultShape {
  return task === 'text-embedding' ? { task, dimensions: dimensions ?? 0 } : { task };
}
