import { describe, expect, test } from '@jest/globals';
import { nearest } from './nearest.ts';

const vectors = [
  Float32Array.of(1, 0),
  Float32Array.of(0, 1),
  undefined,
  Float32Array.of(0.6, 0.8),
  Float32Array.of(1, 0),
];

describe('nearest', () => {
  test('gives the closest first, without the document itself and without rows that failed', () => {
    const found = nearest(vectors, Float32Array.of(1, 0), 3, 0);
    expect(found.map(({ index }) => index)).toEqual([4, 3, 1]);
    expect(found[0]?.score).toBeCloseTo(1);
  });

  test('gives the lower index first among equally close ones, and no more than there are', () => {
    expect(nearest(vectors, Float32Array.of(1, 0), 9).map(({ index }) => index)).toEqual([0, 4, 3, 1]);
  });

  test('refuses a query of another length', () => {
    expect(() => nearest(vectors, Float32Array.of(1), 1)).toThrow(RangeError);
  });
});
