import { describe, expect, test } from '@jest/globals';
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { joinArrowStreams } from './join-arrow.ts';
import { jsonLines } from './json-lines.ts';

const words = ['a', 'b', 'b', 'c', 'd', 'a'];
const table = tableFromArrays({ n: Int32Array.from(words.keys()), word: words });
const segments = [
  [0, 2],
  [2, 5],
  [5, 6],
].map(([from, to]) => tableToIPC(table.slice(from, to), 'stream'));

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
async function joined(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const part of parts) pieces.push(part);
  return Buffer.concat(pieces);
}

describe('segments as one stream', () => {
  test('read as one table with all rows in order, dictionaries and all', async () => {
    const read = tableFromIPC(await joined(joinArrowStreams(each(segments))));
    expect([...read].map((row) => row.toJSON())).toEqual(words.map((word, n) => ({ n, word })));
  });

  test('are refused when one is cut in the middle', async () => {
    const whole = segments[0] as Uint8Array;
    for (const at of [10, 100, whole.length - 20]) {
      await expect(joined(joinArrowStreams(each([whole.subarray(0, at)])))).rejects.toMatchObject({ kind: 'corrupt' });
    }
  });

  test('as JSON lines are a row a line', async () => {
    const lines = (await joined(jsonLines(each(segments), (act) => act()))).toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).word)).toEqual(words);
  });
});
