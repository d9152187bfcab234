import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { acknowledged, type PlacedFragment } from './acknowledged.ts';

const dispersal = { k: 4, n: 7 };

function fragments(layout: string): PlacedFragment[] {
  return [...layout].map((letter) => ({
    organization: letter.toLowerCase(),
    verified: letter === letter.toUpperCase(),
  }));
}

test('seven verified fragments on 3 + 2 + 2 are acknowledged', () => {
  expect(acknowledged(fragments('AAABBCC'), dispersal)).toBe(true);
});

test('one unverified fragment is too many when its absence leaves fewer than k without some organization', () => {
  expect(acknowledged(fragments('AAABBCc'), dispersal)).toBe(false);
  expect(acknowledged(fragments('AAaBBCC'), dispersal)).toBe(true);
});

test('nothing is acknowledged where one organization holds k, even unverified', () => {
  expect(acknowledged(fragments('aaaaBBCC'), { k: 4, n: 8 })).toBe(false);
});

test('a promise that placement gave up is excused only when every fragment is verified', () => {
  const without = ['any-organization-may-leave', 'no-organization-holds-k'] as const;
  expect(acknowledged(fragments('AAAABBB'), dispersal)).toBe(false);
  expect(acknowledged(fragments('AAAABBB'), dispersal, without)).toBe(true);
  expect(acknowledged(fragments('AAAABBb'), dispersal, without)).toBe(false);
});

test('whatever is acknowledged opens after any one organization has gone, and opens to no organization alone', () => {
  const placed = fc.array(
    fc.record({
      organization: fc.constantFrom('a', 'b', 'c', 'd'),
      verified: fc.constantFrom(true, true, true, false),
    }),
    {
      minLength: 3,
      maxLength: 9,
    },
  );
  let seen = 0;
  fc.assert(
    fc.property(placed, fc.integer({ min: 1, max: 5 }), (all, k) => {
      if (!acknowledged(all, { k, n: all.length })) return;
      seen += 1;
      for (const one of ['a', 'b', 'c', 'd']) {
        expect(all.filter((each) => each.verified && each.organization !== one).length).toBeGreaterThanOrEqual(k);
        expect(all.filter((each) => each.organization === one).length).toBeLessThan(k);
      }
    }),
    { numRuns: 10_000 },
  );
  expect(seen).toBeGreaterThan(50);
});
