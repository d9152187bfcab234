import type { Cell, RowColumn } from '../attest/index.ts';
import type { ResultRow, ResultShape } from '../infer/index.ts';

const shared: readonly RowColumn[] = [
  { name: 'item', dtype: 'utf8', shape: [] },
  { name: 'status', dtype: 'utf8', shape: [] },
  { name: 'reason', dtype: 'utf8', shape: [] },
];

/** The columns of a task's result rows as they are hashed, in order: those of the Arrow schema, a list of structs as one column per member. */
export function resultColumns(shape: ResultShape): readonly RowColumn[] {
  if (shape.task === 'text-embedding') {
    return [...shared, { name: 'embedding', dtype: 'float32', shape: [shape.dimensions] }];
  }
  return [
    ...shared,
    { name: 'label', dtype: 'utf8', shape: [] },
    { name: 'score', dtype: 'float32', shape: [] },
    { name: 'top.label', dtype: 'utf8', shape: [-1] },
    { name: 'top.score', dtype: 'float32', shape: [-1] },
  ];
}

/** A result row's values in the order of {@link resultColumns}. */
export function resultCells(row: ResultRow, shape: ResultShape): readonly Cell[] {
  const own = [row.item, row.status, row.status === 'failed' ? row.reason : null];
  if (shape.task === 'text-embedding') return [...own, 'embedding' in row ? row.embedding : null];
  if (!('label' in row)) return [...own, null, null, null, null];
  const { label, score, top } = row;
  return [...own, label, score, top.map((one) => one.label), Float32Array.from(top, (one) => one.score)];
}
