import { execFileSync } from 'node:child_process';
import { hash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesNamed, type ErasureVector, hex, readVector } from '../vectors/vector-data.ts';
import { ErasureCode, type KernelKind } from './erasure-code.ts';
import { recoveryRows, type Scheme, schemeRow } from './matrix.ts';
import { recoverSlowly } from './reference.ts';

/** Parity of another library: what klauspost-parity.go printed. Data fragments are bytesNamed(`erasure ${k} of ${n} data ${slot}`). */
interface KlauspostParity {
  readonly length: number;
  readonly cases: readonly (Scheme & {
    readonly parity: readonly { readonly sha256: string; readonly first: string }[];
  })[];
}

const kinds: readonly KernelKind[] = ['relaxed', 'plain'];

const schemes = fc
  .integer({ min: 1, max: 32 })
  .chain((k) => fc.record({ k: fc.constant(k), n: fc.integer({ min: k + 1, max: 64 }) }));

function dataOf(scheme: Scheme, length: number): Buffer[] {
  return Array.from({ length: scheme.k }, () => randomBytes(length));
}

function parityOf(scheme: Scheme, data: readonly Uint8Array[], kind?: KernelKind): Buffer[] {
  const parity = Array.from({ length: scheme.n - scheme.k }, () => Buffer.alloc(data[0]?.length ?? 0));
  new ErasureCode(scheme, kind).encode(data, parity);
  return parity;
}

/** Every choice of `size` numbers below `n`. */
function choices(n: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const found: number[][] = [];
  for (let first = from; first <= n - size; first++)
    for (const rest of choices(n, size - 1, first + 1)) found.push([first, ...rest]);
  return found;
}

describe('the erasure code', () => {
  test.each(kinds)(
    'the %s kernel makes the parity that the plain definition makes, for any scheme and length',
    (kind) => {
      fc.assert(
        fc.property(schemes, fc.integer({ min: 0, max: 300 }), (scheme, length) => {
          const data = dataOf(scheme, length);
          const slots = Array.from({ length: scheme.n - scheme.k }, (_, at) => scheme.k + at);
          const expected = recoverSlowly(
            scheme,
            data.map((bytes, slot) => ({ slot, bytes })),
            slots,
          );
          expect(parityOf(scheme, data, kind).map((bytes) => bytes.toString('hex'))).toEqual(
            expected.map((bytes) => Buffer.from(bytes).toString('hex')),
          );
        }),
        { numRuns: 60 },
      );
    },
  );

  test.each(kinds)('the %s kernel recovers any lost fragments from any k others, across block borders', (kind) => {
    const lengths = [1, 31, 32, 33, 8191, 8192, 8193, 20_000];
    const cases = schemes.chain((scheme) =>
      fc.record({
        scheme: fc.constant(scheme),
        length: fc.constantFrom(...lengths),
        order: fc.shuffledSubarray(
          Array.from({ length: scheme.n }, (_, slot) => slot),
          { minLength: scheme.n },
        ),
      }),
    );
    fc.assert(
      fc.property(cases, ({ scheme, length, order }) => {
        const data = dataOf(scheme, length);
        const all = [...data, ...parityOf(scheme, data, kind)];
        const present = order.slice(0, scheme.k);
        const lost = order.slice(scheme.k);
        const into = lost.map(() => Buffer.alloc(length));
        const code = new ErasureCode(scheme, kind);
        code.recover(
          present,
          present.map((slot) => all[slot] as Buffer),
          lost,
          into,
        );
        lost.forEach((slot, at) => {
          expect(into[at]?.equals(all[slot] as Buffer)).toBe(true);
        });
      }),
      { numRuns: 40 },
    );
  });

  test('a lost data fragment may be written over the parity fragment that stands in for it', () => {
    const scheme = { k: 4, n: 7 };
    const data = dataOf(scheme, 30_000);
    const parity = parityOf(scheme, data);
    const standIn = parity[1] as Buffer;
    const others = [standIn, ...data.slice(1)];
    new ErasureCode(scheme).recover([5, 1, 2, 3], others, [0], [standIn]);
    expect(standIn.equals(data[0] as Buffer)).toBe(true);
  });

  test.each([
    { k: 2, n: 3 },
    { k: 3, n: 5 },
    { k: 4, n: 7 },
    { k: 10, n: 14 },
  ])('every k rows of the published matrix for $k of $n are independent', (scheme) => {
    const patterns = choices(scheme.n, scheme.k);
    expect(patterns.length).toBeGreaterThan(2);
    for (const pattern of patterns) expect(() => recoveryRows(scheme, pattern, [0])).not.toThrow();
  });

  test('the matrix for 4 of 7 is the one that is published', () => {
    expect([4, 5, 6].map((slot) => Buffer.from(schemeRow(4, slot)).toString('hex'))).toEqual([
      '47a77aba',
      'a747ba7a',
      '7aba47a7',
    ]);
  });

  test('both kernels, the plain definition and the published vectors have the parity that klauspost/reedsolomon makes', async () => {
    const made = new URL('../../../seal/erasure/klauspost-parity.json', import.meta.url);
    const { length, cases } = JSON.parse(await readFile(made, 'utf8')) as KlauspostParity;
    const vectors = await readVector<ErasureVector>('erasure');
    expect(cases.map(({ k, n, parity }) => [k, n, parity.length])).toEqual([
      [4, 7, 3],
      [2, 3, 1],
      [3, 5, 2],
      [10, 16, 6],
      [32, 64, 32],
    ]);
    for (const [at, { k, n, parity }] of cases.entries()) {
      const data = Array.from({ length: k }, (_, slot) => bytesNamed(`erasure ${k} of ${n} data ${slot}`, length));
      const theirs = parity.map(({ sha256, first }) => [sha256, first]);
      const slow = recoverSlowly(
        { k, n },
        data.map((bytes, slot) => ({ slot, bytes })),
        parity.map((_, row) => k + row),
      );
      for (const ours of [slow, ...kinds.map((kind) => parityOf({ k, n }, data, kind))])
        expect(ours.map((bytes) => [hash('sha256', bytes), hex(bytes.subarray(0, 32))])).toEqual(theirs);
      const published = vectors.cases[at];
      expect([published?.k, published?.n]).toEqual([k, n]);
      expect(published?.parity).toEqual(parity.map(({ first }) => first.slice(0, 32)));
    }
  });

  test('schemes outside the bounds, repeated slots and unequal lengths are refused', () => {
    for (const scheme of [
      { k: 0, n: 3 },
      { k: 3, n: 3 },
      { k: 4, n: 3 },
      { k: 33, n: 40 },
      { k: 4, n: 65 },
      { k: 1.5, n: 3 },
    ])
      expect(() => new ErasureCode(scheme)).toThrow(RangeError);
    const code = new ErasureCode({ k: 2, n: 3 });
    const bytes = Buffer.alloc(32);
    expect(() => code.recover([1, 1], [bytes, bytes], [0], [bytes])).toThrow(RangeError);
    expect(() => code.recover([1, 3], [bytes, bytes], [0], [bytes])).toThrow(RangeError);
    expect(() => code.recover([1], [bytes], [0], [bytes])).toThrow(RangeError);
    expect(() => code.encode([bytes, Buffer.alloc(31)], [bytes])).toThrow(RangeError);
  });

  test('the committed kernel is what its source compiles to', () => {
    const script = fileURLToPath(new URL('./build-kernel.js', import.meta.url));
    expect(execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).toContain(
      'is what kernel.as compiles to',
    );
  });
});
