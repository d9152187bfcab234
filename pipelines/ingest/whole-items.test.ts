import { describe, expect, test } from '@jest/globals';
import type { ItemRow } from './segment.ts';
import { wholeItems } from './whole-items.ts';

const row = (item: number, part: number, parts: number, text = `${item}.${part}`): ItemRow => ({
  name: `item ${item}`,
  media_type: 'text/plain',
  bytes: Buffer.from(text),
  attributes: '{}',
  item,
  part,
  parts,
});
const join = async (rows: ItemRow[], itemBytes = 100) => await collect(wholeItems(rows, itemBytes));

async function collect<T>(many: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of many) found.push(one);
  return found;
}

describe('joining parts to items', () => {
  test('says where each item began and how many rows it took', async () => {
    const items = await join([row(4, 0, 1), row(5, 0, 0), row(5, 1, 0), row(5, 2, 3), row(6, 0, 1)]);
    expect(items.map(({ item, firstRow, rows, bytes }) => [item, firstRow, rows, String(bytes)])).toEqual([
      [4, 0, 1, '4.0'],
      [5, 1, 3, '5.05.15.2'],
      [6, 4, 1, '6.0'],
    ]);
  });

  test('keeps no bytes of an item over the limit, and goes on after it', async () => {
    const items = await join([row(0, 0, 0, 'x'.repeat(60)), row(0, 1, 2, 'x'.repeat(60)), row(1, 0, 1)]);
    expect(items.map(({ bytes, sizeBytes }) => [bytes === undefined, sizeBytes])).toEqual([
      [true, 120],
      [false, 3],
    ]);
  });

  test.each([
    ['a part is missing', [row(0, 0, 0), row(0, 2, 3)]],
    ['the first part is missing', [row(0, 1, 2)]],
    ['parts of two items are mixed', [row(0, 0, 0), row(1, 1, 2)]],
    ['the number of parts is wrong', [row(0, 0, 0), row(0, 1, 3)]],
    ['the end is missing', [row(0, 0, 0)]],
  ])('is corrupt when %s', async (_, rows) => {
    await expect(join(rows)).rejects.toMatchObject({ name: 'SegmentCorrupt', kind: 'corrupt' });
  });
});
