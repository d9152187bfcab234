import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { BlockStore } from '@d-cloud/network/store';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BlockIndex } from './block-index.ts';
import { Quotas } from './quotas.ts';
import { storeBlock } from './store-block.ts';

const [birch, cedar] = ['BirchMSP', 'CedarMSP'] as MspId[] as [MspId, MspId];
const node = 'stor_a' as StorageNodeId;
let directory: string;
let index: BlockIndex;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quotas-'));
  index = new BlockIndex(join(directory, 'blocks.sqlite'));
});
afterEach(() => {
  index[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

describe('quotas', () => {
  test('are what every organization gets, unless one was given its own, which stays when the gateway starts again', () => {
    new Quotas(index, 100).give(birch, 7);
    using again = new BlockIndex(join(directory, 'blocks.sqlite'));
    const quotas = new Quotas(again, 200);
    expect([quotas.bytesFor(birch), quotas.bytesFor(cedar)]).toEqual([7, 200]);
    expect(quotas.of(birch)).toEqual({ organization: birch, quotaBytes: 7, usedBytes: 0, given: true });
    quotas.give(birch, 9);
    expect(quotas.of(birch).quotaBytes).toBe(9);
    expect(quotas.of(cedar).given).toBe(false);
  });

  test('refuse a block that is one byte too much, with both figures, and take nothing away when they shrink', async () => {
    const quotas = new Quotas(index, 1_000);
    const nodes = new Map([[node, { put: async () => undefined } as unknown as BlockStore]]);
    const put = (owner: MspId, cid: string, sizeBytes: number) => {
      const block = { cid, node, version: 'vers_a' as VersionId, owner, putBy: owner, sizeBytes };
      return storeBlock({ index, nodes, quotaBytes: (one) => quotas.bytesFor(one) }, block, Buffer.alloc(sizeBytes));
    };
    quotas.give(birch, 10);
    expect(await put(birch, 'one', 6)).toEqual({ status: 201 });
    expect(await put(birch, 'two', 4)).toEqual({ status: 201 });
    await expect(put(birch, 'three', 1)).rejects.toMatchObject({
      status: 403,
      code: 'QUOTA_EXCEEDED',
      message: expect.stringContaining('BirchMSP keeps 10 of the 10 bytes that it is given'),
    });
    quotas.give(birch, 3);
    expect(await put(birch, 'one', 6)).toEqual({ status: 200 });
    expect(quotas.of(birch)).toMatchObject({ quotaBytes: 3, usedBytes: 10 });
    expect(await put(cedar, 'three', 900)).toEqual({ status: 201 });
  });
});
