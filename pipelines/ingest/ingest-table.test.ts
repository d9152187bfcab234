import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  Field,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { countRows, walkMessages } from './arrow/messages.ts';
import { ingestTable, type TableExpectation } from './ingest-table.ts';
import type { Segment } from './segment.ts';
import type { SegmentSettings } from './segment-settings.ts';

const samples = new URL('../../../test/samples/bad/', import.meta.url);

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
async function take(bytes: Uint8Array, settings: Partial<SegmentSettings> = {}, expected?: TableExpectation) {
  const segments: Segment[] = [];
  const table = ingestTable(pieces(bytes), settings, expected === undefined ? {} : { expected });
  for (let next = await table.next(); ; next = await table.next()) {
    if (next.done) return { segments, summary: next.value };
    segments.push(next.value);
  }
}
function sample(rows: number, from = 0): Table {
  const words = Array.from({ length: rows }, (_, row) => ((row + from) % 3 === 0 ? null : `word ${row + from}`));
  return new Table({
    id: vectorFromArray(Int32Array.from({ length: rows }, (_, row) => row + from)),
    word: vectorFromArray(words, new Utf8()),
    value: vectorFromArray(Float64Array.from({ length: rows }, (_, row) => (row + from) / 7)),
  });
}
const stream = (...tables: Table[]) =>
  RecordBatchStreamWriter.writeAll(tables.flatMap(({ batches }) => batches)).toUint8Array(true);

describe('taking in a table', () => {
  test('gives every row back, in order, in segments that are complete in themselves', async () => {
    const whole = stream(sample(1000), sample(1000, 1000), sample(7, 2000));
    const { segments, summary } = await take(whole, { segmentRows: 300 });
    expect(summary).toMatchObject({ rows: 2007, batches: 3 });
    expect(segments.map(({ rows }) => rows)).toEqual([300, 300, 300, 300, 300, 300, 207]);
    expect(segments.map(({ firstItem }) => firstItem)).toEqual([0, 300, 600, 900, 1200, 1500, 1800]);
    for (const { bytes, rows } of segments) expect(countRows(bytes).rows).toBe(rows);
    const found = segments.flatMap(({ bytes }) =>
      tableFromIPC(bytes)
        .toArray()
        .map((row) => row.toJSON()),
    );
    expect(found).toEqual(
      tableFromIPC(whole)
        .toArray()
        .map((row) => row.toJSON()),
    );
    expect(await take(whole, { segmentRows: 300 })).toEqual({ segments, summary });
  });

  test('keeps dictionaries whole in every segment, and says that it takes streams, not files', async () => {
    const words = vectorFromArray(['red', 'green', 'red', 'blue', 'green', 'red']);
    const table = new Table({ colour: words });
    const { segments } = await take(stream(table), { segmentRows: 2 });
    expect(
      segments.flatMap(({ bytes }) =>
        tableFromIPC(bytes)
          .toArray()
          .map((row) => row.colour),
      ),
    ).toEqual([...words]);
    await expect(take(tableToIPC(table, 'file'))).rejects.toMatchObject({ code: 'ARROW_UNSUPPORTED' });
  });

  test('refuses a stream cut at any of its message boundaries, and anywhere else', async () => {
    const whole = stream(sample(50), sample(50, 50), sample(50, 100));
    const boundaries = [...walkMessages(whole)].map(
      ({ message }) => message.byteOffset + message.byteLength - whole.byteOffset,
    );
    expect(boundaries.length).toBe(4);
    for (const end of [0, 3, ...boundaries, (boundaries[1] as number) + 20, whole.byteLength - 1]) {
      await expect(take(whole.subarray(0, end))).rejects.toMatchObject({ code: 'ARROW_TRUNCATED' });
    }
  });

  test('refuses our truncated sample, and takes what it was before', async () => {
    expect((await take(readFileSync(new URL('whole.arrows', samples)))).summary.rows).toBe(6);
    await expect(take(readFileSync(new URL('truncated.arrows', samples)))).rejects.toMatchObject({
      code: 'ARROW_TRUNCATED',
    });
  });

  test('refuses other counts than the publisher expects, and tables without rows', async () => {
    await expect(take(stream(sample(5)), {}, { rows: 6 })).rejects.toMatchObject({ code: 'ARROW_COUNT_MISMATCH' });
    await expect(take(stream(sample(5)), {}, { batches: 2 })).rejects.toMatchObject({ code: 'ARROW_COUNT_MISMATCH' });
    await expect(take(stream(sample(0)))).rejects.toMatchObject({ code: 'EMPTY_INPUT' });
  });

  test('refuses offsets that point outside, which the Arrow library itself takes', async () => {
    const schema = new Schema([new Field('word', new Utf8(), false)]);
    const evil = (offsets: Int32Array) => {
      const words = makeData({
        type: new Utf8(),
        length: 2,
        nullCount: 0,
        valueOffsets: Int32Array.of(0, 4, 8),
        data: Buffer.from('goodword'),
      });
      const data = makeData({ type: new Struct(schema.fields), length: 2, nullCount: 0, children: [words] });
      const bytes = RecordBatchStreamWriter.writeAll([new RecordBatch(schema, data)]).toUint8Array(true);
      const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(
        Buffer.from(Int32Array.of(0, 4, 8).buffer),
      );
      bytes.set(new Uint8Array(offsets.buffer), at);
      return bytes;
    };
    expect((await take(evil(Int32Array.of(0, 4, 8)))).summary.rows).toBe(2);
    for (const offsets of [Int32Array.of(0, 4, 9000), Int32Array.of(0, 8, 4), Int32Array.of(-4, 4, 8)]) {
      await expect(take(evil(offsets))).rejects.toMatchObject({ code: 'ARROW_INVALID' });
    }
  });

  test('answers damaged streams with refusals or rows, and never hangs', async () => {
    const whole = stream(sample(20), sample(20, 20));
    let refused = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const damaged = Buffer.from(whole);
      for (let edit = 0, at = seed * 7919; edit < 3; edit++, at = (at * 48_271) % 2_147_483_647)
        damaged[at % damaged.byteLength] = at & 255;
      const outcome = await take(damaged).catch((error) => error);
      if (outcome instanceof Error) {
        expect(outcome.name).toBe('IngestRefusal');
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(2);
  });
});
