import type { MspId, StorageNodeId, StorageNodeRecord } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { planRepair } from './plan-repair.ts';
import type { Observation } from './version-health.ts';

const nowMs = 1_000_000;
const graceMs = 60_000;
const organizations = ['A', 'A', 'A', 'B', 'B', 'C', 'C'];
const node = (id: string, organization: string, state: StorageNodeRecord['state'] = 'active'): StorageNodeRecord => ({
  v: 1,
  id: id as StorageNodeId,
  organization: organization as MspId,
  host: id,
  disk: 'd',
  capacityBytes: '1',
  state,
});
const slots = organizations.map((organization, slot) => ({
  slot,
  storageNode: `n${slot}` as StorageNodeId,
  organization: organization as MspId,
}));
const holding = organizations.map((organization, slot) => node(`n${slot}`, organization));
const none = { ok: 0, missing: 0, corrupt: 0, offline: 0, slow: 0 };
const seen = (slot: number, change: Partial<Observation>): Observation => ({
  ...slots[slot]!,
  counts: { ...none, ok: 3 },
  bad: new Set(),
  atMs: nowMs,
  ...change,
});
const away = (slot: number, forMs = 0) => seen(slot, { counts: { ...none, offline: 3 }, awaySinceMs: nowMs - forMs });

function plan(observations: readonly Observation[], nodes: readonly StorageNodeRecord[]) {
  const alive = new Set(nodes.map(({ id }) => id));
  return planRepair({ k: 4, n: 7, seed: 'v' }, slots, observations, { nowMs, graceMs, nodes, alive });
}

describe('a repair', () => {
  test('has nothing to do where nothing is wrong', () => {
    expect(plan([seen(0, {}), seen(1, {})], holding)).toEqual({ inPlace: [], moves: [], stuck: [] });
  });

  test('puts missing and corrupt blocks back to where they were', () => {
    const { inPlace, moves } = plan([seen(2, { bad: new Set([5, 1]) })], [...holding, node('x', 'A')]);
    expect(inPlace).toEqual([{ place: slots[2], ordinals: [1, 5] }]);
    expect(moves).toEqual([]);
  });

  test('waits for a storage node that is away while more than k + 1 others are left, and no longer than the grace', () => {
    const nodes = [...holding, node('x', 'A')];
    expect(plan([away(0, graceMs - 1)], nodes).moves).toEqual([]);
    expect(plan([away(0, graceMs)], nodes).moves).toMatchObject([
      { from: { storageNode: 'n0' }, to: { slot: 0, storageNode: 'x' }, copies: false },
    ]);
  });

  test('does not wait when no more than k + 1 fragments are left', () => {
    const nodes = [...holding, node('x', 'A'), node('y', 'A')];
    const { moves } = plan([away(0), away(1)], nodes);
    expect(moves.map(({ to }) => to.storageNode).sort()).toEqual(['x', 'y']);
  });

  test('copies from a storage node that drains, and computes what lay on one that has left', () => {
    const draining = [node('n5', 'C', 'draining'), ...holding.filter(({ id }) => id !== 'n5'), node('x', 'C')];
    expect(plan([], draining).moves).toMatchObject([{ from: { slot: 5 }, to: { storageNode: 'x' }, copies: true }]);
    const left = [node('n5', 'C', 'left'), ...holding.filter(({ id }) => id !== 'n5'), node('x', 'C')];
    expect(plan([], left).moves).toMatchObject([{ from: { slot: 5 }, copies: false }]);
  });

  test('says what it cannot do, and does not crowd two fragments together', () => {
    const draining = [node('n5', 'C', 'draining'), ...holding.filter(({ id }) => id !== 'n5')];
    const { moves, stuck } = plan([], draining);
    expect(moves).toEqual([]);
    expect(stuck).toEqual(['Storage node n5 drains, and no other storage node can take fragment 5; add one.']);
  });

  test('still puts back what is lost on a storage node that drains and cannot be emptied', () => {
    const draining = [node('n5', 'C', 'draining'), ...holding.filter(({ id }) => id !== 'n5')];
    expect(plan([seen(5, { bad: new Set([0]) })], draining).inPlace).toEqual([{ place: slots[5], ordinals: [0] }]);
  });
});
