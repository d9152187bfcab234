import { describe, expect, test } from '@jest/globals';
import { Int32, Table, tableFromIPC, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { cutRows } from './cut-rows.ts';
import { joinArrowStreams } from './join-arrow.ts';

const decode = <T>(act: () => T): T => act();

/** Segments of four rows each, from row 8 on. */
const written = [8, 12, 16].map((start) => {
  const row = [0, 1, 2, 3].map((one) => start + one);
  const word = vectorFromArray(
    row.map((one) => (one % 2 === 0 ? 'even' : 'odd')),
    new Utf8(),
  );
  return tableToIPC(new Table({ row: vectorFromArray(row, new Int32()), word }), 'stream');
});

async function* segments() {
  for (const bytes of written) yield { rows: 4, bytes };
}

async function rowsOf(first: number, end: number): Promise<unknown[]> {
  async function* streams() {
    for await (const { bytes } of cutRows(segments(), 8, { first, end }, decode)) yield bytes;
  }
  const joined = Buffer.concat(await Array.fromAsync(joinArrowStreams(streams())));
  return tableFromIPC(joined)
    .toArray()
    .map(({ row, word }) => `${row} ${word}`);
}

describe('rows cut out of Arrow streams', () => {
  test.each([
    [10, 11, ['10 even']],
    [11, 13, ['11 odd', '12 even']],
    [12, 16, ['12 even', '13 odd', '14 even', '15 odd']],
    [14, 99, ['14 even', '15 odd', '16 even', '17 odd', '18 even', '19 odd']],
  ])('from %d up to %d are those and no others, as one stream', async (first, end, rows) => {
    expect(await rowsOf(first, end)).toEqual(rows);
  });

  test('of a stream that is wanted whole are its own bytes', async () => {
    let decoded = 0;
    const counted = <T>(act: () => T): T => {
      decoded++;
      return act();
    };
    const cut = await Array.fromAsync(cutRows(segments(), 8, { first: 12, end: 17 }, counted));
    expect(cut).toHaveLength(2);
    expect(decoded).toBe(1);
    expect(Buffer.from(cut[0]!.bytes).equals(written[1]!)).toBe(true);
    expect(tableFromIPC(cut[1]!.bytes).numRows).toBe(1);
  });
});
