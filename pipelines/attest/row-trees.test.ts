import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leafHash, merkleRoot } from './merkle.ts';
import { RowEncoder } from './row-encoder.ts';
import { rowSalts } from './row-salts.ts';
import { type Cell, type RowColumn, rowSchemaId } from './row-schema.ts';
import { RowProver, RowTrees, rowProofHolds } from './row-trees.ts';

const columns: readonly RowColumn[] = [
  { name: 'item', dtype: 'utf8', shape: [] },
  { name: 'reason', dtype: 'utf8', shape: [] },
  { name: 'score', dtype: 'float32', shape: [] },
  { name: 'embedding', dtype: 'float32', shape: [3] },
  { name: 'top.label', dtype: 'utf8', shape: [-1] },
];

function cellsOf(row: number): Cell[] {
  return [`photo ${row}.jpg`, null, row / 7, Float32Array.of(row, -0, Number.NaN), ['cup', 'Tasse']];
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('a canonical row', () => {
  test('has the bytes that are documented', () => {
    const encoder = new RowEncoder(columns);
    const bytes = hex(encoder.encode(5n, ['é', null, 1.5, Float32Array.of(1, -0, Number.NaN), ['a', '']]));
    expect(bytes).toBe(
      [
        '0000000000000005',
        hex(rowSchemaId(columns)),
        '0d00' + '00000002' + 'c3a9',
        '00',
        '0b00' + '0000c03f',
        '0b01' + '00000003' + '0000803f' + '00000080' + '0000c07f',
        '0d01' + '00000002' + '00000001' + '61' + '00000000',
      ].join(''),
    );
  });

  test('has one NaN, whatever bits it came with, in every float type', () => {
    const bits32 = new Float32Array(Uint32Array.of(0x7f800001, 0xffc00123, 0x7fc00000).buffer);
    const bits64 = new Float64Array(BigUint64Array.of(0x7ff0000000000001n, 0xfff8000000000000n).buffer);
    const rows = [
      { column: { name: 'x', dtype: 'float32', shape: [3] }, cell: bits32, nan: '0000c07f'.repeat(3) },
      { column: { name: 'x', dtype: 'float64', shape: [2] }, cell: bits64, nan: '000000000000f87f'.repeat(2) },
      { column: { name: 'x', dtype: 'float16', shape: [2] }, cell: Uint16Array.of(0x7c01, 0xfe00), nan: '007e007e' },
    ] as const;
    for (const { column, cell, nan } of rows)
      expect(hex(new RowEncoder([column]).encode(0, [cell])).endsWith(nan)).toBe(true);
    const infinite = new RowEncoder([{ name: 'x', dtype: 'float16', shape: [1] }]).encode(0, [Uint16Array.of(0x7c00)]);
    expect(hex(infinite).endsWith('007c')).toBe(true);
  });

  test('differs whenever id, a value, a length or the schema differs', () => {
    const cells = fc.tuple(
      fc.string({ unit: 'grapheme' }),
      fc.option(fc.string({ unit: 'grapheme' })),
      fc.array(fc.string({ unit: 'grapheme' })),
    );
    const encoder = new RowEncoder([
      { name: 'a', dtype: 'utf8', shape: [] },
      { name: 'b', dtype: 'utf8', shape: [] },
      { name: 'c', dtype: 'utf8', shape: [-1] },
    ]);
    fc.assert(
      fc.property(fc.nat(), cells, fc.nat(), cells, (id, one, other, two) => {
        const same = id === other && JSON.stringify(one) === JSON.stringify(two);
        expect(hex(encoder.encode(id, one)) === hex(encoder.encode(other, two))).toBe(same);
      }),
    );
    const renamed = columns.map((column) => ({ ...column, name: `${column.name}_` }));
    expect(hex(new RowEncoder(renamed).encode(1, cellsOf(1)))).not.toBe(
      hex(new RowEncoder(columns).encode(1, cellsOf(1))),
    );
  });

  test('larger than the encoder’s memory comes out whole', () => {
    const encoder = new RowEncoder([
      { name: 'text', dtype: 'utf8', shape: [] },
      { name: 'bytes', dtype: 'binary', shape: [] },
      { name: 'values', dtype: 'float64', shape: [-1, 2] },
    ]);
    const [text, bytes] = ['ü'.repeat(100_000), randomBytes(200_000)];
    const row = Buffer.from(encoder.encode(1, [text, bytes, new Float64Array(40_000)]));
    expect(row.length).toBe(40 + 6 + 200_000 + 6 + 200_000 + 10 + 320_000);
    expect(
      row
        .subarray(40 + 6 + 200_000 + 6)
        .subarray(0, 200_000)
        .equals(bytes),
    ).toBe(true);
  });

  test('of cells that are not of their columns is refused', () => {
    const wrong: [RowColumn, Cell][] = [
      [{ name: 'x', dtype: 'float32', shape: [] }, 'text'],
      [{ name: 'x', dtype: 'float32', shape: [2] }, Float32Array.of(1)],
      [{ name: 'x', dtype: 'float32', shape: [1] }, Float64Array.of(1)],
      [{ name: 'x', dtype: 'float32', shape: [1] }, 1],
      [{ name: 'x', dtype: 'float32', shape: [-1, 2] }, Float32Array.of(1, 2, 3)],
      [{ name: 'x', dtype: 'int8', shape: [] }, 128],
      [{ name: 'x', dtype: 'int32', shape: [] }, 1.5],
      [{ name: 'x', dtype: 'int64', shape: [] }, 1],
      [{ name: 'x', dtype: 'uint64', shape: [] }, -1n],
      [{ name: 'x', dtype: 'bool', shape: [] }, 1],
      [{ name: 'x', dtype: 'utf8', shape: [] }, '\ud800'],
      [{ name: 'x', dtype: 'binary', shape: [] }, 'text'],
    ];
    for (const [column, cell] of wrong) expect(() => new RowEncoder([column]).encode(0, [cell])).toThrow();
    expect(() => new RowEncoder(columns).encode(0, [])).toThrow(RangeError);
    expect(() => rowSchemaId([{ name: 'x', dtype: 'float32', shape: [2, -1] }])).toThrow(RangeError);
  });
});

describe('the trees over a partition’s rows', () => {
  const jobSecret = Buffer.alloc(32, 7);
  const options = { jobSecret, partition: 2, plan: [4, 4, 3], columns };

  test('have the root that the definition gives: salted rows, batch roots, their root', () => {
    const trees = new RowTrees(options);
    const encoder = new RowEncoder(columns);
    const batchRoots: Uint8Array[] = [];
    let rowId = 100;
    for (const [batch, rows] of options.plan.entries()) {
      const salts = rowSalts(jobSecret, 2, batch, rows);
      const leaves: Uint8Array[] = [];
      for (let row = 0; row < rows; row++, rowId++) {
        trees.append(rowId, cellsOf(rowId));
        const leaf = createHash('sha256')
          .update(Uint8Array.of(0))
          .update(salts.subarray(16 * row, 16 * row + 16));
        leaves.push(leaf.update(encoder.encode(rowId, cellsOf(rowId))).digest());
      }
      batchRoots.push(merkleRoot(leaves));
    }
    const finished = trees.finish();
    expect(finished.batchRoots.map(hex)).toEqual(batchRoots.map(hex));
    expect(hex(finished.root)).toBe(hex(merkleRoot(batchRoots.map(leafHash))));
    expect(finished.leaves).toBe(11);
  });

  test('refuse rows beyond the plan and an end before it', () => {
    const trees = new RowTrees({ ...options, plan: [1] });
    expect(() => trees.finish()).toThrow(RangeError);
    trees.append(0, cellsOf(0));
    expect(() => trees.append(1, cellsOf(1))).toThrow(RangeError);
    expect(() => new RowTrees({ ...options, plan: [0] })).toThrow(RangeError);
  });

  test('prove every row; a proof holds for no other root and with nothing in it changed', () => {
    const prover = new RowProver(options);
    for (let row = 0; row < 11; row++) prover.append(row, cellsOf(row));
    const root = prover.root();
    for (let row = 0; row < 11; row++) {
      const proof = prover.prove(Math.floor(row / 4), row % 4, row, cellsOf(row));
      expect(rowProofHolds(root, JSON.parse(JSON.stringify(proof)))).toBe(true);
      expect(rowProofHolds(randomBytes(32), proof)).toBe(false);
      const flipped = (text: string) => `${text[0] === '0' ? '1' : '0'}${text.slice(1)}`;
      const changed = [
        { ...proof, row: proof.row + 1 },
        { ...proof, batch: (proof.batch + 1) % 3 },
        { ...proof, salt: flipped(proof.salt) },
        { ...proof, bytes: flipped(proof.bytes) },
        { ...proof, bytes: 'zz' },
        { ...proof, rowPath: proof.rowPath.map(flipped) },
        { ...proof, batchPath: proof.batchPath.map(flipped) },
        { ...proof, batchPath: [...proof.batchPath, proof.salt] },
      ];
      for (const other of changed) expect(rowProofHolds(root, other)).toBe(false);
    }
    expect(() => prover.prove(0, 0, 0, cellsOf(1))).toThrow(RangeError);
    expect(() => prover.prove(2, 3, 0, cellsOf(0))).toThrow(RangeError);
  });

  test('salts differ by job secret, partition, batch and row, and are the same again', () => {
    const salts = [
      rowSalts(jobSecret, 1, 1, 50),
      rowSalts(jobSecret, 1, 2, 50),
      rowSalts(jobSecret, 2, 1, 50),
      rowSalts(randomBytes(32), 1, 1, 50),
    ];
    const pieces = salts.flatMap((all) =>
      Array.from({ length: 50 }, (_, row) => hex(all.subarray(16 * row, 16 * row + 16))),
    );
    expect(new Set(pieces).size).toBe(200);
    expect(hex(rowSalts(jobSecret, 1, 1, 50))).toBe(hex(salts[0] as Uint8Array));
  });
});
