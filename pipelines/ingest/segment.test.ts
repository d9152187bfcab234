import { describe, expect, test } from '@jest/globals';
import { RecordBatchStreamWriter, tableFromArrays, tableFromIPC } from 'apache-arrow';
import { countRows, walkMessages } from './arrow/messages.ts';
import { SegmentCorrupt } from './ingest-refusal.ts';
import { type ItemRow, itemSchema, readSegment, writeSegment } from './segment.ts';

const rows: ItemRow[] = ['first', 'second', 'third'].map((name, item) => ({
  name,
  media_type: 'text/plain',
  bytes: new Uint8Array(Buffer.alloc(item * 40 + 1, name)),
  attributes: '{}',
  item,
  part: 0,
  parts: 1,
}));
const segment = writeSegment(rows);

describe('a segment of items', () => {
  test('comes back as it was written, with views instead of copies', () => {
    const found = readSegment(segment, { rows: 3 });
    expect(found.map((row) => ({ ...row, bytes: new Uint8Array(row.bytes) }))).toEqual(rows);
    expect(found.every(({ bytes }) => bytes.buffer === segment.buffer)).toBe(true);
  });

  test('is a plain Arrow stream that other readers take', () => {
    const table = tableFromIPC(segment);
    expect(table.numRows).toBe(3);
    expect(table.get(2)?.toJSON()).toMatchObject({ name: 'third', item: 2, parts: 1 });
    expect(countRows(segment)).toEqual({ rows: 3, batches: 1 });
    expect(itemSchema.hash).toBe('a174347cc64148808157f759e023d8760444de20f96b3ec982df40c2f977ce9d');
  });

  test('reads the same from bytes that are not aligned', () => {
    const shifted = new Uint8Array(segment.byteLength + 3);
    shifted.set(segment, 3);
    expect(readSegment(shifted.subarray(3)).map(({ name, parts }) => [name, parts])).toEqual(
      rows.map(({ name, parts }) => [name, parts]),
    );
  });

  test('cut at any byte, message boundaries included, is corrupt and never shorter', () => {
    const boundaries = [...walkMessages(segment)].map(
      ({ message }) => message.byteOffset + message.byteLength - segment.byteOffset,
    );
    expect(boundaries.length).toBe(2);
    for (let end = 0; end < segment.byteLength; end++) {
      expect(() => readSegment(segment.subarray(0, end))).toThrow(SegmentCorrupt);
    }
    expect(() => readSegment(Buffer.concat([segment, Buffer.alloc(8)]))).toThrow(SegmentCorrupt);
  });

  test('with any one bit of its metadata turned is corrupt or reads to the same number of rows', () => {
    for (let at = 0; at < 900; at++) {
      for (const bit of [0x01, 0x10, 0x80]) {
        const changed = Buffer.from(segment);
        changed[at] = (changed[at] as number) ^ bit;
        try {
          expect(readSegment(changed, { rows: 3 }).length).toBe(3);
        } catch (error) {
          expect(error).toBeInstanceOf(SegmentCorrupt);
        }
      }
    }
  });

  test('of another schema, or with another number of rows than the manifest says, is corrupt', () => {
    const other = RecordBatchStreamWriter.writeAll(tableFromArrays({ a: Int32Array.of(1) }).batches).toUint8Array(true);
    expect(() => readSegment(other)).toThrow('another schema');
    expect(() => readSegment(segment, { rows: 2 })).toThrow('holds 3 rows, not 2');
  });
});
