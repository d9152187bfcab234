import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
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

  test('knows since when it has lines: from its first opening on, or from when it was put back', () => {
    const directory = mkdtempSync(join(tmpdir(), 'dcloud-blocks-'));
    try {
      const file = join(directory, 'blocks.sqlite');
      {
        using first = new BlockIndex(file, () => 1_000);
        expect(first.linesLostMs).toBe(1_000);
      }
      using again = new BlockIndex(file, () => 2_000);
      expect(again.linesLostMs).toBe(1_000);
      again.loseLines(3_000);
      expect(again.linesLostMs).toBe(3_000);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('waits for another thread that is writing', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dcloud-blocks-'));
    try {
      const file = join(directory, 'blocks.sqlite');
      using shared = new BlockIndex(file);
      const writing = `
        const { DatabaseSync } = require('node:sqlite');
        const { parentPort, workerData } = require('node:worker_threads');
        const database = new DatabaseSync(workerData);
        database.exec('BEGIN IMMEDIATE');
        parentPort.postMessage('writing');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
        database.exec('COMMIT');`;
      const thread = new Worker(writing, { eval: true, workerData: file });
      await once(thread, 'message');
      expect(shared.reserve(block('a'), 1_000)).toBe('reserved');
      await once(thread, 'exit');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
