import { describe, expect, test } from '@jest/globals';
import { tableFromIPC } from 'apache-arrow';
import type { ResultRow } from './result-row.ts';
import { type ResultShape, readResults, resultSchemaHash, writeResults } from './result-segment.ts';

const labels: ResultShape = { task: 'image-classification' };
const vectors: ResultShape = { task: 'text-embedding', dimensions: 4 };
const half = Math.fround(0.55);
const labelRows: ResultRow[] = [
  {
    row: 7n,
    item: 'a.jpg',
    status: 'ok',
    label: 'cat',
    score: half,
    top: [
      { label: 'cat', score: half },
      { label: 'dog', score: 0.25 },
    ],
  },
  { row: 8n, item: 'b.jpg', status: 'failed', reason: 'CORRUPT: the picture cannot be decoded' },
  { row: 9n, item: 'large.tif', status: 'part' },
  { row: 10n, item: 'ü.jpg', status: 'ok', label: 'cup', score: 1, top: [] },
];
const vectorRows: ResultRow[] = [
  { row: 0n, item: 'a', status: 'failed', reason: 'NO_TEXT: the document holds no text' },
  { row: 2n ** 40n, item: 'b', status: 'ok', embedding: Float32Array.of(0.5, -0.5, 0.5, 0.5) },
];

describe('a result segment', () => {
  test('comes back as it was written', () => {
    expect(readResults(writeResults(labelRows, labels), labels, { rows: 4 })).toEqual(labelRows);
    expect(readResults(writeResults(vectorRows, vectors), vectors)).toEqual(vectorRows);
  });

  test('is a plain Arrow stream that other readers take', () => {
    const table = tableFromIPC(writeResults(labelRows, labels));
    expect(table.schema.names).toEqual(['row', 'item', 'status', 'reason', 'label', 'score', 'top']);
    expect(table.get(0)?.toJSON()).toMatchObject({
      row: 7n,
      item: 'a.jpg',
      status: 'ok',
      reason: null,
      label: 'cat',
      score: half,
    });
    expect(table.get(0)?.top.get(1).toJSON()).toEqual({ label: 'dog', score: 0.25 });
    expect(table.get(1)?.top).toBeNull();
    const second = tableFromIPC(writeResults(vectorRows, vectors)).get(1);
    expect(Array.from(second?.embedding ?? [])).toEqual([0.5, -0.5, 0.5, 0.5]);
  });

  test('of another task or with another row count is refused', () => {
    expect(() => readResults(writeResults(labelRows, labels), vectors)).toThrow('another schema');
    expect(() => readResults(writeResults(labelRows, labels), labels, { rows: 5 })).toThrow('holds 4 rows, not 5');
  });

  test('has one schema hash per task and size of vector', () => {
    const hashes = [labels, vectors, { ...vectors, dimensions: 5 }].map(resultSchemaHash);
    expect(new Set(hashes).size).toBe(3);
  });
});
