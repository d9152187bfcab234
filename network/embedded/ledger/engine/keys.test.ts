import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { byUtf8, SortedKeys } from './keys.ts';

const key = fc.string({ unit: 'binary', maxLength: 6 });
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('keys', () => {
  test('are ordered by their UTF-8 bytes', () => {
    fc.assert(
      fc.property(key, key, (a, b) => expect(Math.sign(byUtf8(a, b))).toBe(byBytes(a, b))),
      { numRuns: 5000, seed: 3 },
    );
    expect(byUtf8('\uffff', '\u{10000}')).toBeLessThan(0);
  });

  test('stay sorted in runs, and a range gives those between its ends', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 60 }), key, key, (keys, start, end) => {
        const sorted = new SortedKeys();
        for (const each of keys) sorted.add(each);
        const within = keys.filter((each) => byBytes(each, start) >= 0 && (end === '' || byBytes(each, end) < 0));
        expect([...sorted.range(start, end)]).toEqual(within.sort(byBytes));
      }),
      { numRuns: 2000, seed: 3 },
    );
  });

  test('added while a range is read are met where they belong, none twice and none left out', () => {
    const sorted = new SortedKeys();
    const name = (n: number): string => `k${String(n).padStart(5, '0')}`;
    for (let n = 0; n < 4000; n += 2) sorted.add(name(n));
    const met: string[] = [];
    for (const each of sorted.range('', '')) {
      met.push(each);
      if (met.length <= 2000 && met.length % 2 === 0) sorted.add(name(4000 - met.length * 2 + 1));
    }
    expect(met).toEqual([...new Set(met)].sort());
    for (let n = 0; n < 4000; n += 2) expect(met).toContain(name(n));
  });
});
