import type { MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { reconstruction } from './reconstruction.ts';

const lie = (...organizations: string[]) =>
  organizations.map((organization, slot) => ({
    slot,
    storageNode: `stor_${slot}` as StorageNodeId,
    organization: organization as MspId,
  }));

describe('who could rebuild a version', () => {
  test('at 4 of 7 over three organizations: no one alone, any two, and any one may leave', () => {
    expect(reconstruction(4, lie('A', 'A', 'A', 'B', 'B', 'C', 'C'))).toEqual({
      organizations: [
        { organization: 'A', fragments: 3, storageNodes: ['stor_0', 'stor_1', 'stor_2'] },
        { organization: 'B', fragments: 2, storageNodes: ['stor_3', 'stor_4'] },
        { organization: 'C', fragments: 2, storageNodes: ['stor_5', 'stor_6'] },
      ],
      mostByOne: 3,
      anyAlone: false,
      together: [
        ['A', 'B'],
        ['A', 'C'],
        ['B', 'C'],
      ],
      anyMayLeave: true,
    });
  });

  test('one that holds k, when there are too few organizations', () => {
    const found = reconstruction(4, lie('A', 'A', 'A', 'A', 'B', 'B', 'B'));
    expect(found).toMatchObject({ mostByOne: 4, anyAlone: true, together: [['A']], anyMayLeave: false });
  });

  test('three together, where every organization holds one', () => {
    const found = reconstruction(3, lie('A', 'B', 'C', 'D'));
    expect(found).toMatchObject({ anyAlone: false, anyMayLeave: true });
    expect(found.together).toHaveLength(4);
    expect(found.together.every((group) => group.length === 3)).toBe(true);
  });
});
