import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { RowEncoder } from '../row-encoder.ts';
import { RowTrees, rowProofHolds } from '../row-trees.ts';
import { type RowVector, rowVectorFile, vectorRows } from './row-vector.ts';
import { makeRowVector } from './write-row-vector.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('the published rows come out with the same bytes, leaves, roots and proof', async () => {
  const vector = JSON.parse(await readFile(rowVectorFile, 'utf8')) as RowVector;
  expect(makeRowVector()).toEqual(vector);
  const { columns, partition, plan } = vector;
  const encoder = new RowEncoder(columns);
  expect(hex(encoder.schemaId)).toBe(vector.schemaId);
  const leaves: string[] = [];
  const options = { jobSecret: Buffer.from(vector.jobSecret, 'hex'), partition, plan, columns };
  const trees = new RowTrees(options, (leaf) => leaves.push(hex(leaf)));
  for (const [at, cells] of vectorRows.entries()) {
    const rowId = BigInt(vector.firstRowId) + BigInt(at);
    trees.append(rowId, cells);
    expect(hex(encoder.encode(rowId, cells))).toBe(vector.rows[at]?.bytes);
  }
  expect(leaves).toEqual(vector.rows.map(({ leaf }) => leaf));
  const { root, batchRoots } = trees.finish();
  expect(batchRoots.map(hex)).toEqual(vector.batchRoots);
  expect(hex(root)).toBe(vector.root);
  expect(rowProofHolds(root, vector.proof)).toBe(true);
  expect(vector.refused).toHaveLength(8);
  for (const { proof } of vector.refused) expect(rowProofHolds(root, proof)).toBe(false);
});
