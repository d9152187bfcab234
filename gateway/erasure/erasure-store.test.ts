import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ErasureId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ErasureStore } from './erasure-store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'erasures-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('blocks that were forgotten while a backup read are gone from the log when they are forgotten again', () => {
  const file = join(directory, 'erasures.sqlite');
  const erasure = 'eras_a' as ErasureId;
  using store = new ErasureStore(file);
  store.list(erasure, { version: 'vers_a' as VersionId, cids: ['cid'], storageNodes: ['stor_a' as StorageNodeId] });
  {
    using backup = new DatabaseSync(file, { readOnly: true });
    backup.exec('BEGIN');
    backup.prepare('SELECT count(*) FROM listed').get();
    expect(() => store.forgetBlocks(erasure)).toThrow(expect.objectContaining({ kind: 'unavailable' }));
    expect(store.listed(erasure)).toEqual([]);
  }
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  store.forgetBlocks(erasure);
  expect(statSync(`${file}-wal`).size).toBe(0);
});
