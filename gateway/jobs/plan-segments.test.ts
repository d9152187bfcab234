import { describe, expect, test } from '@jest/globals';
import { planSegments } from './plan-segments.ts';

describe('a plan of partitions', () => {
  test.each([
    [[30], undefined, [1]],
    [[4, 4, 4], undefined, [1, 1, 1]],
    [[4, 4, 4, 4, 2], 2, [2, 2, 1]],
    [Array.from({ length: 100 }, () => 9), undefined, Array.from({ length: 25 }, () => 4)],
  ])('of segments with %j rows, %s each, is %j', (rows, each, plan) => {
    expect(planSegments(rows, each)).toEqual(plan);
  });

  test('never cuts a run of segments of one row, which may be one item in parts', () => {
    expect(planSegments([3, 1, 1, 1, 5, 1, 7])).toEqual([1, 3, 1, 1, 1]);
    expect(planSegments([1, 1, 1])).toEqual([3]);
  });

  test('covers every version exactly', () => {
    for (let size = 1; size < 80; size++) {
      const rows = Array.from({ length: size }, (_, at) => (at % 7 < 3 ? 1 : at + 1));
      for (const each of [undefined, 1, 3, 1000]) {
        const plan = planSegments(rows, each);
        expect(plan.reduce((sum, segments) => sum + segments, 0)).toBe(size);
        expect(Math.min(...plan)).toBeGreaterThan(0);
      }
    }
  });

  test('of nothing is refused', () => {
    expect(() => planSegments([])).toThrow(RangeError);
  });
});
