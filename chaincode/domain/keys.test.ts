import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isMspId, type MspId } from './ids.ts';
import { type KeyKind, keyOf, keys, rangeOf } from './keys.ts';

const part = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...'abz09._:-'), minLength: 1, maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '\0',
      'a\0b',
      'a/b',
      'A',
      '\u{10ffff}',
      '\ud800',
      'é',
      'e\u0301',
      '!a',
      'a'.repeat(129),
    ),
  },
);
const kind = fc.constantFrom<KeyKind>('grant', 'dataset', 'model', 'model-version', 'open');

describe('keys', () => {
  test('of 10,000 pairs of lists of parts are refused or differ in their bytes', () => {
    let built = 0;
    let refused = 0;
    const build = (kindOf: KeyKind, parts: readonly string[]) => {
      try {
        const key = Buffer.from(keyOf(kindOf, ...parts)).toString('hex');
        built++;
        return key;
      } catch {
        refused++;
        return undefined;
      }
    };
    const tuple = fc.tuple(kind, fc.array(part, { maxLength: 4 }));
    fc.assert(
      fc.property(tuple, tuple, ([kindA, a], [kindB, b]) => {
        const [keyA, keyB] = [build(kindA, a), build(kindB, b)];
        if (keyA === undefined || keyB === undefined) return;
        expect(keyA === keyB).toBe(JSON.stringify([kindA, a]) === JSON.stringify([kindB, b]));
      }),
      { numRuns: 10_000 },
    );
    expect(built).toBeGreaterThan(5000);
    expect(refused).toBeGreaterThan(1000);
  });

  test('of MSP ids differ where only the case differs', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'aAbB9.-'), minLength: 1, maxLength: 8 }).filter(isMspId);
    fc.assert(
      fc.property(letters, letters, (a, b) => {
        expect(keys.organization(a) === keys.organization(b)).toBe(a === b);
      }),
      { numRuns: 10_000 },
    );
    expect(keys.organization('AlderMSP' as MspId)).toBe('organization/!alder!m!s!p');
    expect(() => keys.organization('a\0b' as MspId)).toThrow('RECORD_INVALID');
  });

  test('of a range are those that begin with its parts, and no others', () => {
    const { from, to } = rangeOf('partition', 'job_a');
    const inside = keyOf('partition', 'job_a', '00000001');
    const outside = [
      keyOf('partition', 'job_a'),
      keyOf('partition', 'job_a0', '1'),
      keyOf('partition', 'job_a.b', '1'),
    ];
    expect(from <= inside && inside < to).toBe(true);
    for (const key of outside) expect(from <= key && key < to).toBe(false);
  });

  test('sort as the numbers in them do', () => {
    const id = 'job_aaaaaaaaaaaaaaaaaaaaaaaaaa' as Parameters<typeof keys.partition>[0];
    const sorted = [2, 10, 1, 999].map((index) => keys.partition(id, index)).sort();
    expect(sorted).toEqual([1, 2, 10, 999].map((index) => keys.partition(id, index)));
  });

  test("are not made with the shim's composite keys, because those collide on raw input", () => {
    const { ChaincodeStub } = createRequire(import.meta.url)('fabric-shim') as {
      ChaincodeStub: { prototype: { createCompositeKey(kind: string, parts: string[]): string } };
    };
    const composite = (...parts: string[]) => ChaincodeStub.prototype.createCompositeKey.call({}, 'grant', parts);
    expect(composite('ds1', 'orgB\0read')).toBe(composite('ds1', 'orgB', 'read'));
    expect(Buffer.from(composite('a\ud800')).equals(Buffer.from(composite('a\udfff')))).toBe(true);
    expect(() => keyOf('grant', 'ds1', 'orgb\0read')).toThrow('RECORD_INVALID');
  });
});
