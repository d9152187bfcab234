import type { StorageNodeId, StorageNodeRecord } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import { choosePlacement } from './choose-placement.ts';
import { fragmentPutter } from './put-fragment.ts';

const nodesOf = (...counts: number[]) =>
  counts.flatMap((count, organization) =>
    Array.from(
      { length: count },
      (_, at) =>
        ({
          id: `stor_${organization}_${at}`,
          organization: `Org${organization}MSP`,
          host: `host-${organization}`,
          disk: `disk-${at}`,
          capacityBytes: '1000000000',
          state: 'active',
        }) as unknown as StorageNodeRecord,
    ),
  );
const ids = (nodes: readonly StorageNodeRecord[]) => new Set(nodes.map(({ id }) => id));
const sharesOf = (slots: readonly { organization: string }[]) =>
  Object.values(Object.groupBy(slots, ({ organization }) => organization))
    .map((of) => of?.length ?? 0)
    .toSorted();

describe('a placement', () => {
  test('is 4 of 7 on seven storage nodes of three organizations', () => {
    const nodes = nodesOf(3, 2, 2);
    const { k, n, slots } = choosePlacement(nodes, ids(nodes), 'seed');
    expect([k, n, sharesOf(slots)]).toEqual([4, 7, [2, 2, 3]]);
  });

  test('falls back to 3 of 5 while a storage node is away', () => {
    const nodes = nodesOf(3, 2, 2);
    const { k, n, slots } = choosePlacement(nodes, ids(nodes.slice(1)), 'seed');
    expect([k, n, sharesOf(slots)]).toEqual([3, 5, [1, 2, 2]]);
  });

  test('is refused while a whole organization is away: no promise is given up silently', () => {
    const nodes = nodesOf(3, 2, 2);
    expect(() => choosePlacement(nodes, ids(nodes.slice(3)), 'seed')).toThrow(Fault);
  });

  test('of two organizations says what it cannot promise', () => {
    const nodes = nodesOf(3, 2);
    const { broken } = choosePlacement(nodes, ids(nodes), 'seed');
    expect(broken.map(({ promise }) => promise)).toContain('any-organization-may-leave');
  });
});

describe('putting fragments', () => {
  const nodes = nodesOf(3, 2, 2);
  const placement = choosePlacement(nodes, ids(nodes), 'seed');
  const putWith = (isDown: (storageNode: StorageNodeId) => boolean) => {
    const asked: StorageNodeId[] = [];
    const put = fragmentPutter(placement, async ({ storageNode }) => {
      asked.push(storageNode);
      if (isDown(storageNode)) throw new Fault('unavailable', 'down');
    });
    const putAll = async () => {
      for (const slot of placement.slots.keys()) {
        await put({ slot, cid: 'c', bytes: new Uint8Array(1) }, { signal: new AbortController().signal });
      }
    };
    return { putAll, asked };
  };

  test('goes on without one storage node of the largest organization, and does not ask it again', async () => {
    const { putAll, asked } = putWith((id) => id === 'stor_0_1');
    await putAll();
    await putAll();
    expect(asked.filter((id) => id === 'stor_0_1')).toHaveLength(1);
  });

  test('fails when any organization could not be lost any more', async () => {
    await expect(putWith((id) => id === 'stor_1_0').putAll()).rejects.toThrow('down');
    await expect(putWith((id) => id.startsWith('stor_0_1') || id === 'stor_0_2').putAll()).rejects.toThrow('down');
  });
});
