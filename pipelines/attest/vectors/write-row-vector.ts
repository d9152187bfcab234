import { writeFile } from 'node:fs/promises';
import { leafHash } from '../merkle.ts';
import { RowEncoder } from '../row-encoder.ts';
import { rowSalts } from '../row-salts.ts';
import type { Cell } from '../row-schema.ts';
import { RowProver, RowTrees } from '../row-trees.ts';
import { type RowVector, rowVectorFile, vectorColumns, vectorRows } from './row-vector.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function say(cell: Cell): string {
  if (cell === null) return 'null';
  if (cell instanceof Float32Array)
    return `[${[...cell].map((value) => (Object.is(value, -0) ? '-0' : value)).join(', ')}]`;
  if (typeof cell === 'bigint') return cell.toString();
  return Object.is(cell, -0) ? '-0' : typeof cell === 'number' ? String(cell) : JSON.stringify(cell);
}

/** Makes the published vector of result rows. Written by: npm run vectors -w pipelines */
export function makeRowVector(): RowVector {
  const jobSecret = Buffer.alloc(32, 0x2a);
  const firstRowId = 2n ** 40n;
  const partition = 3;
  const plan = [2, 2, 1];
  const options = { jobSecret, partition, plan, columns: vectorColumns };
  const trees = new RowTrees(options);
  const prover = new RowProver(options);
  const encoder = new RowEncoder(vectorColumns);
  const rows: RowVector['rows'][number][] = [];

  for (const [at, cells] of vectorRows.entries()) {
    const rowId = firstRowId + BigInt(at);
    trees.append(rowId, cells);
    prover.append(rowId, cells);
    const batch = Math.floor(at / 2);
    const salt = rowSalts(jobSecret, partition, batch, plan[batch] ?? 0).subarray(16 * (at % 2), 16 * (at % 2) + 16);
    const bytes = encoder.encode(rowId, cells);
    rows.push({
      cells: cells.map(say),
      bytes: hex(bytes),
      salt: hex(salt),
      leaf: hex(leafHash(Buffer.concat([salt, bytes]))),
    });
  }

  const { root, batchRoots } = trees.finish();
  const proof = prover.prove(1, 1, firstRowId + 3n, vectorRows[3] ?? []);
  return {
    columns: vectorColumns,
    schemaId: hex(encoder.schemaId),
    jobSecret: hex(jobSecret),
    partition,
    plan,
    firstRowId: firstRowId.toString(),
    rows,
    batchRoots: batchRoots.map(hex),
    root: hex(root),
    proof,
    refused: [
      { name: 'another row', proof: { ...proof, row: 0 } },
      { name: 'another batch', proof: { ...proof, batch: 2 } },
      { name: 'more batches', proof: { ...proof, batches: 9 } },
      { name: 'another salt', proof: { ...proof, salt: rows[0]?.salt ?? '' } },
      { name: 'another row’s bytes', proof: { ...proof, bytes: rows[2]?.bytes ?? '' } },
      { name: 'a short path', proof: { ...proof, batchPath: proof.batchPath.slice(1) } },
      { name: 'a long path', proof: { ...proof, rowPath: [...proof.rowPath, ...proof.rowPath] } },
      { name: 'upper-case hex', proof: { ...proof, bytes: proof.bytes.toUpperCase() } },
    ],
  };
}

if (import.meta.main) await writeFile(rowVectorFile, `${JSON.stringify(makeRowVector(), null, 2)}\n`);
