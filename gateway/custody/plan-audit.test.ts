import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { draw, planAudit } from './plan-audit.ts';

const dayMs = 86_400_000;
const version = (name: string, perSlot: number, nodes: readonly string[]) => ({
  version: name as VersionId,
  perSlot,
  slots: nodes.map((node, slot) => ({ slot, storageNode: node as StorageNodeId })),
});

/** mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a plan of an audit', () => {
  test('asks for every block of a storage node that has fewer than a day’s sample', () => {
    const plan = planAudit([version('a', 12, ['x', 'y'])], { intervalMs: dayMs, random: seeded(1) });
    expect(plan.get('a' as VersionId)?.get(0)).toEqual(Array.from({ length: 12 }, (_, at) => at));
    expect(plan.get('a' as VersionId)?.get(1)).toHaveLength(12);
  });

  test('asks for 300 of more, or 1 % where that is more, and for its share of that when it comes more often', () => {
    const count = (perSlot: number, intervalMs: number) =>
      planAudit([version('a', perSlot, ['x'])], { intervalMs, random: seeded(2) })
        .get('a' as VersionId)
        ?.get(0)?.length;
    expect(count(10_000, dayMs)).toBe(300);
    expect(count(100_000, dayMs)).toBe(1_000);
    expect(count(100_000, dayMs / 24)).toBe(42);
    expect(count(10_000, 1_000)).toBe(1);
  });

  test('takes the blocks of a storage node from all versions that lie on it, each as often as it has blocks there', () => {
    const versions = [version('small', 1_000, ['x']), version('large', 9_000, ['y', 'x'])];
    const plan = planAudit(versions, { intervalMs: dayMs, random: seeded(3) });
    const small = plan.get('small' as VersionId)?.get(0)?.length ?? 0;
    const large = plan.get('large' as VersionId)?.get(1)?.length ?? 0;
    expect(small + large).toBe(300);
    // 300 draws at 10 %: five standard deviations are 26.
    expect(Math.abs(small - 30)).toBeLessThan(26);
    expect(plan.get('large' as VersionId)?.get(0)).toHaveLength(300);
  });

  test('finds a loss of 1 % of a storage node’s blocks within a day 95 times of 100', () => {
    const random = seeded(4);
    const lost = new Set(Array.from({ length: 100 }, (_, at) => at * 97));
    const rounds = 1_000;
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const asked = planAudit([version('a', 10_000, ['x'])], { intervalMs: dayMs, random })
        .get('a' as VersionId)
        ?.get(0);
      if (asked?.some((ordinal) => lost.has(ordinal))) found++;
    }
    // 1 - 0.99^300 = 95.1 %; four standard deviations of 1,000 rounds are 2.7 %.
    expect(Math.abs(found / rounds - 0.951)).toBeLessThan(0.027);
  });
});

test('a draw has as many different numbers as were wanted, all below the total', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 200 }), fc.integer(), (a, b, seed) => {
      const [count, total] = a < b ? [a, b] : [b, a];
      const drawn = draw(count, total, seeded(seed));
      expect(new Set(drawn).size).toBe(count);
      expect(drawn.every((at) => Number.isInteger(at) && at >= 0 && at < total)).toBe(true);
    }),
  );
});
