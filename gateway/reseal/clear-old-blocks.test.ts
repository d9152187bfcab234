/** When the absence of old blocks is recorded: against a resealer whose storage nodes cannot be reached. */
import { EventEmitter, on } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commit, idFrom, type MspId, type StorageNodeId, type Submits } from '@d-cloud/chaincode/domain';
import { blockId, manifestHash } from '@d-cloud/pipelines/seal';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { CustodyStore } from '../custody/custody-store.ts';
import type { CurrentSlot } from '../custody/version-blocks.ts';
import { Resealer, type ResealerPowers } from './resealer.ts';

const version = idFrom('vers', new Uint8Array(16));
const [left, away] = [1, 2].map((at): StorageNodeId => idFrom('stor', new Uint8Array(16).fill(at))) as [
  StorageNodeId,
  StorageNodeId,
];

test('blocks of a storage node to which there is no way are not absent, until it has left', async () => {
  const states = new Map([
    [left, 'left'],
    [away, 'active'],
  ]);
  const superseded = [{ version, sealing: 2, blocks: [left, away].map((node) => ({ cid: `of ${node}`, node })) }];
  const recorded = Promise.withResolvers<Submits['audit:record']['body']>();
  const ended = Promise.withResolvers<void>();
  const failures: string[] = [];
  const failed = Promise.withResolvers<void>();
  const powers = {
    organization: 'AlderMSP' as MspId,
    ledger: { submit: async (_name: string, body: Submits['audit:record']['body']) => recorded.resolve(body) },
    readModel: {
      get: (kind: string, id: StorageNodeId) => ({ record: kind === 'storage-node' ? { state: states.get(id) } : {} }),
      list: () => ({ items: [] }),
      events: ({ signal }: { signal: AbortSignal }) => on(new EventEmitter(), 'event', { signal }),
    },
    keys: { nextVersions: () => [], next: () => undefined },
    keeper: { ready: async () => {} },
    store: {
      superseded: () => superseded,
      endSuperseded: () => {
        superseded.pop();
        ended.resolve();
      },
    },
    ways: () => new Map(),
    random: (sizeBytes: number) => new Uint8Array(sizeBytes),
    keyedHash: () => new Uint8Array(32),
    failpoint: () => {},
    log: {
      info() {},
      error() {},
      warn: ({ err }: { err: Error }) => {
        failures.push(err.message);
        failed.resolve();
      },
    },
  } as unknown as ResealerPowers;
  await using resealer = new Resealer(powers);
  resealer.start();
  await Promise.race([failed.promise, recorded.promise]);
  expect(failures).toEqual([expect.stringContaining('1 old blocks')]);
  expect(resealer.progress().clearing).toEqual([version]);

  states.set(away, 'left');
  const { nodes } = await recorded.promise;
  expect(nodes.map(({ node, missing, offline }) => ({ node, missing, offline }))).toEqual(
    [left, away].map((node) => ({ node, missing: 1, offline: 0 })),
  );
  await ended.promise;
  expect(resealer.progress().clearing).toEqual([]);
});

test('what custody forgets with the old sealing is named to be removed: places moved away from, and shares that were being replaced', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'superseded-'));
  using store = new CustodyStore(join(directory, 'custody.sqlite'));
  const organization = 'AlderMSP' as MspId;
  const [from, to] = [left, away].map((storageNode) => ({ slot: 0, storageNode, organization })) as [
    CurrentSlot,
    CurrentSlot,
  ];
  store.move(version, to, from);
  const [before, after] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  store.beginResharing(version, { before, after, places: [to], barred: new Set() });
  const known = { blocks: { ordinals: [0, 1], cid: (slot: number, at: number) => `cid-${slot}-${at}` }, slots: [to] };
  const next = { salt: new Uint8Array(32).fill(3), manifest: Buffer.from('the next manifest') };
  const commitment = commit(next.salt, Buffer.from(manifestHash(next.manifest), 'hex'));
  const switched = Promise.withResolvers<void>();
  const powers = {
    organization,
    readModel: {
      get: () => ({ record: { sealing: 2, manifestCommitment: commitment } }),
      list: () => ({ items: [] }),
      events: ({ signal }: { signal: AbortSignal }) => on(new EventEmitter(), 'event', { signal }),
    },
    keys: {
      nextVersions: () => [version],
      version: () => ({ manifest: Buffer.from('the manifest of now') }),
      next: () => ({ sealing: 2, ...next }),
      takeNext: () => switched.resolve(),
    },
    keeper: { ready: async () => {}, keep: async () => {} },
    custody: { alone: (_: unknown, act: (of: typeof known) => Promise<void>) => act(known) },
    store,
    failpoint: () => {},
    log: pino({ level: 'silent' }),
  } as unknown as ResealerPowers;
  {
    await using resealer = new Resealer(powers);
    resealer.start();
    await switched.promise;
  }
  const [{ blocks }] = store.superseded() as [ReturnType<CustodyStore['superseded']>[number]];
  expect(new Set(blocks.map(({ cid, node }) => `${cid} ${node}`))).toEqual(
    new Set([
      ...[left, away].flatMap((node) => [0, 1].map((at) => `cid-0-${at} ${node}`)),
      ...[before, after].map((digest) => `${blockId(digest)} ${away}`),
    ]),
  );
  expect([store.vacated(version), store.resharing(version)]).toEqual([[], undefined]);
  rmSync(directory, { recursive: true });
});
