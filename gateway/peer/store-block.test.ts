import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { type BlockStore, StoreRefusal } from '@d-cloud/network/store';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BlockIndex, type IndexedBlock } from './block-index.ts';
import { type StorePowers, storeBlock } from './store-block.ts';

const birch = 'BirchMSP' as MspId;
const node = 'stor_a' as StorageNodeId;
const right = Buffer.from('the right bytes');
const wrong = Buffer.from('the wrong bytes');
const block: IndexedBlock = {
  cid: 'cid of the right bytes',
  node,
  version: 'vers_a' as VersionId,
  owner: birch,
  putBy: birch,
  sizeBytes: right.length,
};

let index: BlockIndex;
let powers: StorePowers;
let slow: Promise<void>;
beforeEach(() => {
  index = new BlockIndex(':memory:');
  slow = Promise.resolve();
  const store = {
    put: async (_cid: string, bytes: Uint8Array) => {
      if (Buffer.compare(bytes, right) !== 0) throw new StoreRefusal('BLOCK_INVALID', 'not the bytes of this CID');
      await slow;
    },
    stat: async () => right.length,
  };
  const nodes = new Map([[node, store as unknown as BlockStore]]);
  powers = { index, nodes, quotaBytes: () => 1_000 };
});
afterEach(() => index[Symbol.dispose]());

describe('wrong bytes under the name of a block', () => {
  test('take no quota where the block is new', async () => {
    await expect(storeBlock(powers, block, wrong)).rejects.toMatchObject({ status: 422 });
    expect(index.usedBytes(birch)).toBe(0);
  });

  test('give no quota back where the block is stored', async () => {
    await storeBlock(powers, block, right);
    await storeBlock(powers, block, wrong).catch(() => undefined);
    await storeBlock(powers, { ...block, sizeBytes: 1 }, wrong.subarray(0, 1)).catch(() => undefined);
    expect(index.find(block.cid, node)).toEqual(block);
    expect(index.usedBytes(birch)).toBe(right.length);
  });

  test('give no quota back while the block is being put', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    slow = promise;
    const putting = storeBlock(powers, block, right);
    await storeBlock(powers, block, wrong).catch(() => undefined);
    resolve();
    await putting;
    expect(index.find(block.cid, node)).toEqual(block);
    expect(index.usedBytes(birch)).toBe(right.length);
  });
});
