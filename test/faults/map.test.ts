/** The map of faults and attacks is no better than its entries: every row has tests, and every test that it names is there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { repository } from '../support/samples.ts';

const numbers = (kind: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${kind}-${from + at}`);
const rows = [...numbers('F', 10, 15), ...numbers('F', 23, 39), ...numbers('T', 22, 30)];

test('every row of the map names tests, and each of them is in its file', async () => {
  const map = await readFile(join(repository, 'docs/faults-and-attacks.md'), 'utf8');
  const lines = map.split('\n').filter((line) => line.startsWith('| '));
  for (const row of rows) expect([row, lines.filter((line) => line.startsWith(`| ${row} |`)).length]).toEqual([row, 1]);
  const texts = new Map<string, string>();
  const missing: string[] = [];
  let looked = 0;
  for (const line of lines.filter((one) => !/^\| (row|what|library) \|/.test(one))) {
    const named = [...line.matchAll(/`([a-z0-9/.-]+\.ts)`((?:,? "[^"]+")+)/g)];
    expect([line.slice(0, 40), named.length > 0]).toEqual([line.slice(0, 40), true]);
    for (const [, file, quoted] of named) {
      if (!texts.has(file!)) texts.set(file!, await readFile(join(repository, file!), 'utf8').catch(() => ''));
      for (const [, words] of quoted!.matchAll(/"([^"]+)"/g)) {
        looked++;
        if (!texts.get(file!)!.includes(words!)) missing.push(`${file}: ${words}`);
      }
    }
  }
  expect(missing).toEqual([]);
  expect([looked > 120, texts.size > 50]).toEqual([true, true]);
});
