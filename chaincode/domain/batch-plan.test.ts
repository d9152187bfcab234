import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { batchPlan, batchPlanDigest, countBatches } from './batch-plan.ts';
import { sha256 } from './digest.ts';

test('a batch plan cuts each segment on its own and loses no row', () => {
  const version = { segmentRows: [10, 4, 1, 9] };
  expect(batchPlan({ firstSegment: 0, segments: 3 }, version, 4)).toEqual([4, 4, 2, 4, 1]);
  expect(batchPlan({ firstSegment: 3, segments: 1 }, version, 4)).toEqual([4, 4, 1]);
  expect(batchPlanDigest([4, 4, 1])).toBe(sha256('[4,4,1]'));
  const rows = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 64 }), (segmentRows, batchRows) => {
      const whole = { firstSegment: 0, segments: segmentRows.length };
      const plan = batchPlan(whole, { segmentRows }, batchRows);
      expect(plan.reduce((sum, batch) => sum + batch, 0)).toBe(segmentRows.reduce((sum, segment) => sum + segment, 0));
      expect(plan.every((batch) => batch > 0 && batch <= batchRows)).toBe(true);
      expect(countBatches(whole, { segmentRows }, batchRows)).toBe(plan.length);
    }),
  );
});
