/** The S of a job's output on real storage nodes: made once, kept only when its shares are acknowledged, gathered again after a restart. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobId, MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { type StorageNodes, startStorageNodes } from '@d-cloud/network/embedded/store';
import { StorageRoutes } from '@d-cloud/network/store';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { SharedSecrets } from '../keys/shared-secrets.ts';
import { BlockIndex } from '../peer/block-index.ts';
import { JobStore, type OutputPlan } from './job-store.ts';
import { OutputSecrets } from './output-secrets.ts';

const token = 'a-token-of-the-tests';
const organizations = ['AlderMSP', 'BirchMSP', 'CedarMSP'] as readonly string[] as readonly MspId[];
const output = { id: 'job_a' as JobId, outputVersion: 'vers_out' as VersionId };
let directory: string;
let storage: StorageNodes;
let routes: StorageRoutes;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'output-secrets-'));
  const nodes = ['stor_a', 'stor_b', 'stor_c'].map((id) => ({ id, directory: join(directory, id), port: 0, token }));
  storage = await startStorageNodes({ nodes, capacityBytes: 1_000_000, faults: true });
  routes = new StorageRoutes({
    routes: new Map(storage.nodes.map(({ id, address }) => [id, { kind: 'own', address, token }])),
  });
});
afterAll(async () => {
  await routes[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

let store: JobStore;
let minted: number;
beforeEach(() => {
  for (const node of storage.nodes) node.setFault({ kind: 'none' });
  store = new JobStore(':memory:');
  minted = 0;
});

const slots = () =>
  storage.nodes.map(({ id }, at) => ({ storageNode: id as StorageNodeId, organization: organizations[at]! }));
const plan = (shared: boolean): OutputPlan => ({
  placement: { k: 2, n: 3, blockBytes: 1024, slots: slots(), broken: [] } as unknown as OutputPlan['placement'],
  title: 'Labels',
  description: '',
  keywords: [],
  licence: 'CC0-1.0',
  requestedAt: '2026-01-01T00:00:00Z',
  shared,
});

/** As a gateway that has just started, with what is on its disk. */
function started(): OutputSecrets {
  const blocksAt = (storageNodes: readonly string[], words: readonly string[]) => routes.bind(storageNodes, { words });
  const [organization] = organizations;
  return new OutputSecrets({
    organization: organization!,
    store,
    secrets: new SharedSecrets({ blocksAt }),
    ways: () =>
      new Map(
        storage.nodes.map(({ id, address }, at) => [
          id as StorageNodeId,
          { organization: organizations[at]!, route: { kind: 'own', address, token } },
        ]),
      ),
    index: new BlockIndex(':memory:'),
    spool: directory,
    quotaBytes: 1_000_000,
    random: (sizeBytes) => {
      minted++;
      return randomBytes(sizeBytes);
    },
    signal: new AbortController().signal,
  });
}

const lent = (outputs: OutputSecrets) =>
  outputs.lend(output, (s, shares) => ({
    s: Buffer.from(s ?? []).toString('hex'),
    shares: Buffer.from(shares ?? []).toString('hex'),
  }));
const putLists = () => readdirSync(directory).filter((name) => name.endsWith('.puts'));

test('an output has one S, however many ask at once, and a gateway that starts again gathers the same', async () => {
  store.putPlan(output.id, plan(true));
  const outputs = started();
  const [first, second] = await Promise.all([lent(outputs), lent(outputs)]);
  expect(first.s).toMatch(/^(?!0+$)[0-9a-f]{64}$/);
  expect(second).toEqual(first);
  expect(Buffer.from(store.shares(output.id)!).toString('hex')).toBe(first.shares);
  expect(putLists()).toEqual([]);

  const mintedOnce = minted;
  expect(await lent(started())).toEqual(first);
  expect(minted).toBe(mintedOnce);
});

test('an output whose job was asked for without an S has none', async () => {
  store.putPlan(output.id, plan(false));
  expect(await lent(started())).toEqual({ s: '', shares: '' });
  expect(await started().sharesOf({ ...output, id: 'job_b' as JobId })).toBeUndefined();
  expect(minted).toBe(0);
});

test('an S whose shares would not survive the loss of an organization is never used; the next who asks makes another', async () => {
  store.putPlan(output.id, plan(true));
  const outputs = started();
  storage.nodes[2]!.setFault({ kind: 'dead' });
  await expect(lent(outputs)).rejects.toMatchObject({ name: 'Fault' });
  expect(store.shares(output.id)).toBeUndefined();
  expect(putLists()).toEqual([]);

  storage.nodes[2]!.setFault({ kind: 'none' });
  const made = await lent(outputs);
  expect(await lent(started())).toEqual(made);
});
