import type { MspId, StorageNodeId, StorageNodeRecord } from '@d-cloud/chaincode/domain';
import { organizationLimit } from '@d-cloud/network/store';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseReplacement } from './choose-replacement.ts';

const node = (id: string, organization: string, change: Partial<StorageNodeRecord> = {}): StorageNodeRecord => ({
  v: 1,
  id: id as StorageNodeId,
  organization: organization as MspId,
  host: id,
  disk: 'd',
  capacityBytes: '1',
  state: 'active',
  ...change,
});
const slotsOn = (nodes: readonly StorageNodeRecord[]) =>
  nodes.map(({ id, organization }, slot) => ({ slot, storageNode: id, organization }));
const all = (nodes: readonly StorageNodeRecord[]) => new Set(nodes.map(({ id }) => id));
const scheme = { k: 3, n: 5, seed: 'vers_a' };

const [a1, a2, b1, b2, c1] = [node('a1', 'A'), node('a2', 'A'), node('b1', 'B'), node('b2', 'B'), node('c1', 'C')];
const placed = [a1, a2, b1, b2, c1];
const slots = slotsOn(placed);

describe('a slot whose storage node goes', () => {
  test('goes to one that holds nothing of the version, of an organization that has room under its limit', () => {
    const [a3, c2] = [node('a3', 'A'), node('c2', 'C')];
    const nodes = [...placed, a3, c2];
    // A would hold three of five with a3; in the place of a1 it is as before.
    expect(chooseReplacement(4, slots, nodes, all(nodes), scheme)?.storageNode).toBe('c2');
    expect(['a3', 'c2']).toContain(chooseReplacement(0, slots, nodes, all(nodes), scheme)?.storageNode);
    expect(chooseReplacement(2, slots, [...placed, a3], all([...placed, a3]), scheme)).toBeUndefined();
  });

  test.each([
    ['is down', node('c2', 'C'), false],
    ['drains', node('c2', 'C', { state: 'draining' }), true],
    ['has left', node('c2', 'C', { state: 'left' }), true],
  ])('does not go to one that %s', (_, candidate, answers) => {
    const alive = all(answers ? [...placed, candidate] : placed);
    expect(chooseReplacement(4, slots, [...placed, candidate], alive, scheme)).toBeUndefined();
  });

  test('goes to another host and disk where there is one', () => {
    const candidates = [node('c2', 'C', { host: 'a1' }), node('c3', 'C'), node('c4', 'C', { host: 'a1', disk: 'e' })];
    const nodes = [...placed, ...candidates];
    expect(chooseReplacement(4, slots, nodes, all(nodes), scheme)?.storageNode).toBe('c3');
    const crowded = [...placed, ...candidates.filter(({ id }) => id !== 'c3')];
    expect(chooseReplacement(4, slots, crowded, all(crowded), scheme)?.storageNode).toBe('c4');
  });

  test('never shares a storage node with another slot, and never gives an organization more than it may have', () => {
    const organizations = ['A', 'B', 'C', 'D'];
    const spare = fc.array(fc.constantFrom(...organizations), { maxLength: 8 });
    let moved = 0;
    fc.assert(
      fc.property(spare, fc.integer({ min: 0, max: 4 }), fc.string(), (others, slot, seed) => {
        const nodes = [...placed, ...others.map((organization, at) => node(`x${at}`, organization))];
        const to = chooseReplacement(slot, slots, nodes, all(nodes), { ...scheme, seed });
        if (to === undefined) return;
        moved++;
        const after = slots.map((one) => (one.slot === slot ? to : one));
        expect(new Set(after.map(({ storageNode }) => storageNode)).size).toBe(5);
        for (const organization of organizations)
          expect(after.filter((one) => one.organization === organization).length).toBeLessThanOrEqual(
            organizationLimit(scheme),
          );
      }),
    );
    expect(moved).toBeGreaterThan(30);
  });
});
