import type { MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { isAway, type Observation, versionHealth } from './version-health.ts';

const patience = { nowMs: 1_000_000, graceMs: 10_000 };
const none = { ok: 0, missing: 0, corrupt: 0, offline: 0, slow: 0 };
const seen = (slot: number, change: Partial<Observation> = {}): Observation => ({
  slot,
  storageNode: `stor_${slot}` as StorageNodeId,
  organization: 'AlderMSP' as MspId,
  counts: { ...none, ok: 4 },
  bad: new Set(),
  atMs: patience.nowMs,
  ...change,
});
const gone = (slot: number) => seen(slot, { counts: { ...none, offline: 4 }, awaySinceMs: patience.nowMs });
const silent = (slot: number, forMs: number) =>
  seen(slot, { counts: { ...none, slow: 4 }, awaySinceMs: patience.nowMs - forMs });
const bad = (slot: number, ...ordinals: number[]) =>
  seen(slot, { counts: { ...none, ok: 4 - ordinals.length, missing: ordinals.length }, bad: new Set(ordinals) });
const health = (...observations: Observation[]) => versionHealth({ k: 4, n: 7 }, observations, patience);

describe('a version at 4 of 7', () => {
  test.each([
    ['of which nothing is known', [], 'stored', 7],
    ['whose slots all answered', [seen(0), seen(6)], 'stored', 7],
    ['with one storage node away', [gone(0)], 'degraded', 6],
    ['with two away', [gone(0), gone(1)], 'degraded', 5],
    ['with three away', [gone(0), gone(1), gone(2)], 'at-risk', 4],
    ['with four away', [gone(0), gone(1), gone(2), gone(3)], 'lost', 3],
    ['with blocks of the same stripe bad in three slots', [bad(0, 2), bad(1, 2), bad(2, 2)], 'at-risk', 4],
    ['with blocks of different stripes bad in three slots', [bad(0, 0), bad(1, 1), bad(2, 2)], 'degraded', 6],
    ['with two away and a bad block in two others', [gone(0), gone(1), bad(2, 1), bad(3, 1)], 'lost', 3],
    ['with a bad block where nobody answers', [{ ...bad(0, 1), ...gone(0), bad: new Set([1]) }], 'degraded', 6],
    ['with a storage node that is merely slow', [silent(0, 0)], 'degraded', 7],
    ['with one that has been silent beyond the grace', [silent(0, 10_000)], 'degraded', 6],
  ] as const)('%s is %s', (_, observations, state, intact) => {
    expect(health(...observations)).toEqual({ state, intact });
  });
});

test('a storage node is away at once when nobody answers, and after the grace when it only keeps silent', () => {
  expect(isAway(gone(0), patience)).toBe(true);
  expect(isAway(silent(0, 9_999), patience)).toBe(false);
  expect(isAway(silent(0, 10_000), patience)).toBe(true);
  expect(isAway(seen(0), patience)).toBe(false);
});
