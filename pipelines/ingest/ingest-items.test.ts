import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ingestItems } from './ingest-items.ts';
import { readFolder } from './read-folder.ts';
import { type ItemRow, readSegment, type Segment } from './segment.ts';
import type { SegmentSettings } from './segment-settings.ts';
import type { SourceItem } from './source-item.ts';
import { wholeItems } from './whole-items.ts';

const samples = new URL('../../../test/samples/', import.meta.url).pathname;
const small = 64 * 1024;

async function* pieces(bytes: Uint8Array, size = 4096): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
const source = (name: string, bytes: Uint8Array, more: Partial<SourceItem> = {}, size?: number): SourceItem => ({
  name,
  bytes: pieces(bytes, size),
  ...more,
});
async function all(
  items: Iterable<SourceItem> | AsyncIterable<SourceItem>,
  settings?: Partial<SegmentSettings>,
): Promise<Segment[]> {
  return await collect(ingestItems(items, settings));
}
const rowsOf = (segments: readonly Segment[]): ItemRow[] =>
  segments.flatMap(({ bytes, rows }) => readSegment(bytes, { rows }));
const digest = (segments: readonly Segment[]) => {
  const hash = createHash('sha256');
  for (const { bytes } of segments) hash.update(bytes);
  return hash.digest('hex');
};

async function collect<T>(many: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of many) found.push(one);
  return found;
}

describe('taking in items', () => {
  test('brings a folder of real photographs in and out again, bit by bit', async () => {
    const folder = `${samples}photographs/files`;
    const segments = await all(readFolder(folder), { segmentBytes: 1 << 20 });
    expect(segments.length).toBeGreaterThan(3);
    const items = await collect(wholeItems(rowsOf(segments), 1 << 30));
    expect(items.length).toBe(29);
    expect(items.map(({ name }) => name)).toEqual(items.map(({ name }) => name).toSorted());
    for (const { name, bytes } of items)
      expect(readFileSync(`${folder}/${name}`).equals(bytes as Uint8Array)).toBe(true);
    expect(digest(await all(readFolder(folder), { segmentBytes: 1 << 20 }))).toBe(digest(segments));
  });

  test('gives the same bytes however the input was cut into pieces, and every item back', async () => {
    const items = fc.array(fc.nat(3 * small + 5), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 500, max: 100_000 }), async (sizes, piece) => {
        const contents = sizes.map((size, index) => Buffer.alloc(size + 1, `${index}x`));
        const sources = (size: number) => contents.map((bytes, index) => source(`item ${index}`, bytes, {}, size));
        const segments = await all(sources(piece), { segmentBytes: small });
        expect(digest(await all(sources(7777), { segmentBytes: small }))).toBe(digest(segments));
        expect(segments.map(({ index }) => index)).toEqual(segments.map((_, index) => index));
        const found = await collect(wholeItems(rowsOf(segments), 1 << 30));
        expect(found.length).toBe(contents.length);
        expect(found.every(({ bytes, item }) => contents[item]?.equals(bytes as Uint8Array))).toBe(true);
        for (const { bytes, rows } of segments) {
          const contentBytes = readSegment(bytes, { rows }).reduce((sum, row) => sum + row.bytes.byteLength, 0);
          expect(contentBytes).toBeLessThanOrEqual(small);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('writes an item larger than a segment as a run of parts that no partition may cut', async () => {
    const segments = await all(
      [
        source('a', Buffer.alloc(10, 'a')),
        source('big', Buffer.alloc(2 * small + 1, 'b')),
        source('c', Buffer.alloc(10, 'c')),
      ],
      {
        segmentBytes: small,
      },
    );
    expect(segments.map(({ rows, items, firstItem, endsItem }) => ({ rows, items, firstItem, endsItem }))).toEqual([
      { rows: 1, items: 1, firstItem: 0, endsItem: true },
      { rows: 1, items: 1, firstItem: 1, endsItem: false },
      { rows: 1, items: 0, firstItem: 1, endsItem: false },
      { rows: 1, items: 0, firstItem: 1, endsItem: true },
      { rows: 1, items: 1, firstItem: 2, endsItem: true },
    ]);
    expect(rowsOf(segments).map(({ part, parts }) => [part, parts])).toEqual([
      [0, 1],
      [0, 0],
      [1, 0],
      [2, 3],
      [0, 1],
    ]);
  });

  test('holds a few segments in memory, not the item', async () => {
    const sizeBytes = 768 * 2 ** 20;
    async function* endless(): AsyncGenerator<Uint8Array> {
      const piece = Buffer.alloc(1 << 20, 'z');
      for (let at = 0; at < sizeBytes; at += piece.byteLength) yield piece;
    }
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // What is still held once garbage is collected, not how late this process happens to collect it.
    const heldBytes = () => {
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const before = heldBytes();
    let most = 0;
    let rows = 0;
    for await (const segment of ingestItems([{ name: 'large.bin', bytes: endless() }])) {
      rows += segment.rows;
      if (rows % 8 === 0) most = Math.max(most, heldBytes() - before);
    }
    expect(rows).toBe(96);
    expect(most).toBeLessThan(64 * 2 ** 20);
  });

  test('closes a segment at the most rows it may have', async () => {
    const segments = await all(
      Array.from({ length: 25 }, (_, index) => source(`t${index}.txt`, Buffer.from('text'))),
      { segmentRows: 10 },
    );
    expect(segments.map(({ rows }) => rows)).toEqual([10, 10, 5]);
  });

  test('sorts attributes, so that their order does not change a byte', async () => {
    const one = await all([source('a.txt', Buffer.from('x'), { attributes: { b: '2', a: '1' } })]);
    const two = await all([source('a.txt', Buffer.from('x'), { attributes: { a: '1', b: '2' } })]);
    expect(digest(one)).toBe(digest(two));
    expect(rowsOf(one)[0]?.attributes).toBe('{"a":"1","b":"2"}');
  });

  test.each([
    ['EMPTY_INPUT', () => []],
    ['EMPTY_ITEM', () => [source('empty.txt', new Uint8Array(0))]],
    ['MEDIA_TYPE_MISMATCH', () => [source('photo.jpg', Buffer.from('a text'))]],
    ['MEDIA_TYPE_INVALID', () => [source('a', Buffer.from('x'), { mediaType: 'nonsense' })]],
    ['NAME_INVALID', () => [source('a\u0000b', Buffer.from('x'))]],
    ['NAME_INVALID', () => [source('a\u009bb', Buffer.from('x'))]],
    ['NAME_INVALID', () => [source('\ud800', Buffer.from('x'))]],
    ['NAME_INVALID', () => [source('n'.repeat(1025), Buffer.from('x'))]],
    ['ATTRIBUTES_INVALID', () => [source('a', Buffer.from('x'), { attributes: { a: 'x'.repeat(20_000) } })]],
  ])('refuses with %s', async (code, items) => {
    await expect(all(items())).rejects.toMatchObject({ name: 'IngestRefusal', kind: 'invalid', code });
  });

  test('keeps an empty item where the settings say so', async () => {
    const segments = await all([source('empty.bin', new Uint8Array(0)), source('b', Buffer.from('b'))], {
      emptyItems: 'keep',
    });
    expect(rowsOf(segments).map(({ bytes }) => bytes.byteLength)).toEqual([0, 1]);
  });
});
