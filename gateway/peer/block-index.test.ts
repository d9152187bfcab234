import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BlockIndex, type IndexedBlock } from './block-index.ts';

const birch = 'BirchMSP' as MspId;
const block = (cid: string, change: Partial<IndexedBlock> = {}): IndexedBlock => ({
  cid,
  node: 'stor_a' as StorageNodeId,
  version: 'vers_a' as VersionId,
  owner: birch,
  putBy: birch,
  sizeBytes: 100,
  ...change,
});

let index: BlockIndex;
beforeEach(() => {
  index = new BlockIndex(':memory:');
});
afterEach(() => index[Symbol.dispose]());

describe('the block index', () => {
  test('shows a block only once its put is confirmed', () => {
    expect(index.reserve(block('a'), 1_000)).toBe('reserved');
    expect(index.find('a', 'stor_a' as StorageNodeId)).toBeUndefined();
    expect(index.unconfirmed()).toEqual([block('a')]);
    index.confirm('a', 'stor_a' as StorageNodeId);
    expect(index.find('a', 'stor_a' as StorageNodeId)).toEqual(block('a'));
    expect(index.unconfirmed()).toEqual([]);
  });

  test('takes quota once per block and gives it back', () => {
    expect(index.reserve(block('a'), 250)).toBe('reserved');
    expect(index.reserve(block('a'), 250)).toBe('reserved');
    expect(index.reserve(block('b'), 250)).toBe('reserved');
    expect(index.usedBytes(birch)).toBe(200);
    expect(index.reserve(block('c'), 250)).toBe('over-quota');
    expect(index.reserve(block('c', { owner: 'CedarMSP' as MspId }), 250)).toBe('reserved');
    index.drop('a', 'stor_a' as StorageNodeId);
    index.drop('a', 'stor_a' as StorageNodeId);
    expect(index.usedBytes(birch)).toBe(100);
    expect(index.reserve(block('d'), 250)).toBe('reserved');
  });

  test("does not let a block pass for another version's or another sender's", () => {
    index.reserve(block('a'), 1_000);
    index.confirm('a', 'stor_a' as StorageNodeId);
    expect(index.reserve(block('a'), 1_000)).toBe('already-stored');
    expect(index.reserve(block('a', { version: 'vers_b' as VersionId }), 1_000)).toBe('taken');
    expect(index.reserve(block('a', { putBy: 'CedarMSP' as MspId }), 1_000)).toBe('taken');
    expect(index.ofVersion('vers_a' as VersionId)).toHaveLength(1);
  });
});
