import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { topOf } from './classify.ts';

describe('the best labels', () => {
  test('are the highest scores in order, the lower index first among equal ones', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        (scores, count) => {
          const wanted = scores
            .map((score, index) => ({ score, index }))
            .sort((a, b) => b.score - a.score || a.index - b.index)
            .slice(0, count)
            .map(({ index }) => index);
          expect(topOf(Float32Array.from(scores), count)).toEqual(wanted);
        },
      ),
    );
  });
});
