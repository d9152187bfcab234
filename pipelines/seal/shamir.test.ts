import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { combineShares, interpolateShare, type Share, splitSecret } from './shamir.ts';
import { decodeShare, encodeShare, shareAnew, shareDigests } from './share-block.ts';
import { choices } from './testing/slot-memory.ts';

const scheme = { k: 4, n: 7 };
const secret = randomBytes(32);
const shares = splitSecret(secret, scheme, randomBytes(32 * 3));
const invalid = expect.objectContaining({ name: 'SealFault', code: 'SHARES_INVALID' });

function pick(slots: readonly number[]): Share[] {
  return slots.map((slot) => shares[slot] as Share);
}

describe('shares of S', () => {
  test('any k give the secret, in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 4 }), (slots) => {
        expect(Buffer.from(combineShares(pick(slots), scheme)).equals(secret)).toBe(true);
      }),
    );
  });

  test('k - 1 fit every secret, so they tell nothing', () => {
    for (const known of choices(7, 3)) {
      const other = randomBytes(32);
      const free = [1, 2, 3, 4].find((index) => !known.includes(index - 1)) as number;
      const forged = interpolateShare([{ index: 0, bytes: other }, ...pick(known)], free);
      expect(Buffer.from(combineShares([...pick(known), forged], scheme)).equals(other)).toBe(true);
    }
  });

  test.each([
    [2, 3],
    [3, 5],
    [4, 7],
  ])('an old share of %i of %i combines with no k - 1 that were made anew, in every pattern', (k, n) => {
    const old = splitSecret(secret, { k, n }, randomBytes(32 * (k - 1)));
    const anew = shareAnew(secret, { k, n }).blocks.map(({ slot, bytes }) => decodeShare(bytes, slot, { k, n }));
    let tried = 0;
    for (const expelled of old)
      for (const others of choices(n, k - 1)) {
        if (others.includes(expelled.index - 1)) continue;
        const mixed = combineShares([expelled, ...others.map((slot) => anew[slot] as Share)], { k, n });
        expect(Buffer.from(mixed).equals(secret)).toBe(false);
        tried++;
      }
    expect(tried).toBe(n * choices(n - 1, k - 1).length);
    for (const others of choices(n, k))
      expect(
        Buffer.from(
          combineShares(
            others.map((slot) => anew[slot] as Share),
            { k, n },
          ),
        ).equals(secret),
      ).toBe(true);
  });

  test('a lost share is made again from k others, to the same block', () => {
    for (let lost = 0; lost < 7; lost++) {
      const others = [0, 1, 2, 3, 4, 5, 6].filter((slot) => slot !== lost).slice(-4);
      const again = interpolateShare(pick(others), lost + 1);
      expect(encodeShare(again, scheme)).toEqual(encodeShare(shares[lost] as Share, scheme));
    }
  });

  test('index 0, an index twice, an index above n, too few, a wrong length and a foreign share are refused', () => {
    const [first, second, third, fourth, fifth] = shares as [Share, Share, Share, Share, Share];
    const foreign = splitSecret(secret, scheme, randomBytes(96))[4] as Share;
    const wrong: Share[][] = [
      [{ ...first, index: 0 }, second, third, fourth],
      [first, first, third, fourth],
      [first, second, third, { ...fourth, index: 8 }],
      [first, second, third],
      [first, second, third, { ...fourth, bytes: fourth.bytes.subarray(1) }],
      [first, second, third, fourth, foreign],
      [first, second, third, fourth, { ...fifth, index: 1.5 }],
    ];
    for (const given of wrong) expect(() => combineShares(given, scheme)).toThrow(invalid as never);
  });

  test('a share block is read in its own slot and scheme only', () => {
    const blocks = shares.map((share) => encodeShare(share, scheme));
    expect(shareDigests([...blocks].reverse())).toEqual(shareDigests(blocks));
    const block = blocks[2]?.bytes as Uint8Array;
    expect(Buffer.compare(decodeShare(block, 2, scheme).bytes, shares[2]?.bytes as Uint8Array)).toBe(0);
    expect(() => decodeShare(block, 3, scheme)).toThrow(invalid as never);
    expect(() => decodeShare(block, 2, { k: 3, n: 7 })).toThrow(invalid as never);
    expect(() => decodeShare(Buffer.concat([block, Buffer.alloc(1)]), 2, scheme)).toThrow(invalid as never);
  });
});
