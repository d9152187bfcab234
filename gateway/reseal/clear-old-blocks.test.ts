/** When the absence of old blocks is recorded: against a resealer whose storage nodes cannot be reached. */
import { EventEmitter, on } from 'node:events';
import { idFrom, type MspId, type StorageNodeId, type Submits } from '@d-cloud/chaincode/domain';
import { expect, test } from '@jest/globals';
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
