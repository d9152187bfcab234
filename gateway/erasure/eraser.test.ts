import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ErasureRecord,
  idFrom,
  type MspId,
  type StorageNodeRecord,
  sha256,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import { foundAuthority, issueIdentity } from '@d-cloud/network/admin/certificates';
import { Fault } from '@d-cloud/network/ledger';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { BlockIndex } from '../peer/block-index.ts';
import { Eraser, type EraserPowers } from './eraser.ts';
import { ErasureStore } from './erasure-store.ts';
import { verifyCertificate } from './verify-certificate.ts';

const [alder, birch] = ['AlderMSP', 'BirchMSP'] as MspId[] as [MspId, MspId];
const id = <K extends 'eras' | 'dset' | 'vers' | 'stor'>(kind: K, n: number) =>
  idFrom(kind, new Uint8Array(16).fill(n));
const version = id('vers', 1);
const record = (n: number, organization: MspId, state: StorageNodeRecord['state'] = 'active') =>
  ({ v: 1, id: id('stor', n), organization, state }) as StorageNodeRecord;
const requested: ErasureRecord = {
  v: 1,
  id: id('eras', 1),
  owner: alder,
  dataset: id('dset', 1),
  versions: [version],
  whole: false,
  reason: 'x',
  derived: [],
  state: 'requested',
};

let identity: { certificate: string; key: string };
beforeAll(async () => {
  const now = new Date('2026-11-22T00:00:00Z');
  const { certificate, key } = await issueIdentity(await foundAuthority('ca', 'Alder', now), {
    name: 'gateway',
    role: 'client',
    now,
  });
  identity = { certificate, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
});

let directory: string;
let erasure: ErasureRecord;
let nodes: StorageNodeRecord[];
let isAway: boolean;
/** How many of the blocks that it is asked for the storage node's gateway accounts for. */
let answersFor: number;
let kept: Set<VersionId>;
/** What happened, in order. */
let told: string[];
let recorded: PromiseWithResolvers<string>;
let events: { push(kind: string): void; stream(signal: AbortSignal): AsyncIterable<{ event: { kind: string } }> };
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'eraser-'));
  erasure = requested;
  nodes = [record(1, birch)];
  isAway = false;
  answersFor = Number.POSITIVE_INFINITY;
  kept = new Set([version]);
  told = [];
  recorded = Promise.withResolvers();
  events = eventStream();
});
afterEach(() => rmSync(directory, { recursive: true }));

function eventStream(): typeof events {
  let next = Promise.withResolvers<string>();
  return {
    push: (kind) => next.resolve(kind),
    async *stream(signal) {
      const over = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      for (;;) {
        const kind = await Promise.race([next.promise, over]);
        next = Promise.withResolvers();
        yield { event: { kind } };
      }
    },
  };
}

/** An eraser over one storage node of birch's, and the store that outlives it. */
function begin(change: Partial<EraserPowers> = {}) {
  const store = new ErasureStore(join(directory, 'erasures.sqlite'));
  const blocks = { ordinals: [0, 1], cid: (slot: number, at: number) => `cid-${slot}-${at}` };
  const eraser = new Eraser({
    organization: alder,
    channel: 'dcloud',
    keeper: { purge: async () => {} },
    ledger: {
      submit: (async (name: string, body: { certificate: string }) => {
        told.push(name);
        erasure = { ...erasure, state: 'erased', certificate: body.certificate };
        recorded.resolve(body.certificate);
      }) as never,
    },
    readModel: {
      head: {},
      events: ({ signal }: { signal: AbortSignal }) => events.stream(signal),
      get: (kind: string) =>
        ({
          erasure: { record: erasure, transaction: 'ab', block: 3, time: '2026-11-22T12:00:00Z' },
          dataset: { record: { id: erasure.dataset } },
          version: { record: { id: version, manifestCommitment: sha256('m'), origin: {} } },
          organization: { record: { gatewayAddress: 'https://birch:1' } },
        })[kind],
      list: (kind: string, filter: { state?: string }) => {
        const all: { state: string }[] = kind === 'erasure' ? [erasure] : kind === 'storage-node' ? nodes : [];
        const items = all.filter(({ state }) => filter.state === undefined || state === filter.state);
        return { items: items.map((one) => ({ record: one })), block: 1 };
      },
    } as never,
    index: new BlockIndex(':memory:'),
    nodes: new Map(),
    peers: {
      send: async (_method, _to, path, body) => {
        told.push('asked');
        if (isAway) throw new Fault('unavailable', 'away');
        const { cids } = body as { cids: string[] };
        expect(path).toBe(`/v1/erasures/${version}?node=${id('stor', 1)}`);
        const absent = Math.min(answersFor, cids.length);
        return { removed: absent, absent, remaining: 0 };
      },
    },
    keys: {
      version: (of) => (kept.has(of) ? ({} as never) : undefined),
      destroy: (of) => {
        told.push('destroyed');
        for (const one of of) kept.delete(one);
      },
    },
    jobs: { forget: () => {} },
    custody: {
      end: async (_, act) =>
        act(kept.size === 0 ? undefined : ({ blocks, slots: [{ slot: 0, storageNode: id('stor', 1) }] } as never)),
    },
    store,
    identity,
    keyedHash: (...parts) => Buffer.from(sha256(parts.join()), 'hex'),
    clock: { now: () => new Date('2026-11-22T12:00:05Z') },
    failpoint: () => {},
    log: pino({ level: 'silent' }),
    ...change,
  });
  eraser.start();
  return {
    eraser,
    async [Symbol.asyncDispose]() {
      await eraser[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

describe('an erasure that the ledger asks for', () => {
  test('destroys the keys before it clears storage, and records the certificate that it keeps', async () => {
    await using work = begin();
    const digest = await recorded.promise;
    expect(told).toEqual(['destroyed', 'asked', 'dataset:recordErasure']);
    const { certificate, nodes: found } = work.eraser.progressOf(requested.id);
    expect(sha256(certificate!)).toBe(digest);
    expect(verifyCertificate(certificate!, { recorded: digest }).ok).toBe(true);
    expect(found).toMatchObject([{ outcome: 'absent', removed: 2, absent: 2 }]);
  });

  test('says nothing of destroyed keys while a backup reads the key store, and comes round again', async () => {
    let isRead = true;
    const refused = Promise.withResolvers<void>();
    const log = pino({ level: 'warn' }, { write: (line: string) => line.includes('a backup') && refused.resolve() });
    const destroy = (of: readonly VersionId[]) => {
      for (const one of of) kept.delete(one);
      if (isRead) throw new Fault('unavailable', 'a backup reads');
      told.push('destroyed');
    };
    await using work = begin({ log, keys: { version: () => undefined, destroy } });
    await refused.promise;
    expect(work.eraser.progressOf(requested.id).keysDestroyedAt).toBeUndefined();
    isRead = false;
    events.push('storage-node.registered');
    await recorded.promise;
    expect(told).toEqual(['destroyed', 'asked', 'dataset:recordErasure']);
    expect(work.eraser.progressOf(requested.id).nodes).toMatchObject([{ outcome: 'absent', absent: 2 }]);
  });

  test('waits for a storage node that is away, and is done when it is told of', async () => {
    isAway = true;
    const away = Promise.withResolvers<void>();
    const log = pino({ level: 'info' }, { write: (line: string) => line.includes('not cleared') && away.resolve() });
    await using work = begin({ log });
    await away.promise;
    expect(work.eraser.progressOf(requested.id).nodes).toMatchObject([{ outcome: 'away' }]);
    expect(kept.size).toBe(0);
    isAway = false;
    events.push('storage-node.registered');
    await recorded.promise;
    expect(work.eraser.progressOf(requested.id).nodes).toMatchObject([{ outcome: 'absent' }]);
  });

  test.each([0, 1])('stays open while a storage node accounts for %d of its two blocks, and says so', async (few) => {
    answersFor = few;
    const open = Promise.withResolvers<void>();
    const log = pino({ level: 'info' }, { write: (line: string) => line.includes('not cleared') && open.resolve() });
    await using work = begin({ log });
    await open.promise;
    expect(work.eraser.progressOf(requested.id)).toMatchObject({ nodes: [{ outcome: 'remains', absent: few }] });
    expect(work.eraser.progressOf(requested.id).certificate).toBeUndefined();
    answersFor = 2;
    events.push('storage-node.registered');
    await recorded.promise;
    expect(work.eraser.progressOf(requested.id).nodes).toMatchObject([{ outcome: 'absent', absent: 2 }]);
  });

  test('signs nothing that its readers would refuse: a clock that went back is waited for', async () => {
    let now = '2026-11-22T12:00:05Z';
    const failpoint = (line: string) => {
      if (line === 'erase.keys-destroyed') now = '2026-11-22T12:00:04Z';
    };
    const refused = Promise.withResolvers<void>();
    const write = (line: string) => line.includes('certified yet') && refused.resolve();
    const log = pino({ level: 'warn' }, { write });
    await using work = begin({ log, failpoint, clock: { now: () => new Date(now) } });
    await refused.promise;
    expect(work.eraser.progressOf(requested.id).certificate).toBeUndefined();
    now = '2026-11-22T12:00:06Z';
    events.push('storage-node.registered');
    const digest = await recorded.promise;
    const { certificate } = work.eraser.progressOf(requested.id);
    expect(verifyCertificate(certificate!, { recorded: digest }).ok).toBe(true);
  });

  test('does not ask a storage node that has left, and says so', async () => {
    nodes = [record(1, birch, 'left'), record(2, birch, 'left')];
    await using work = begin();
    await recorded.promise;
    expect(verifyCertificate(work.eraser.progressOf(requested.id).certificate!, {}).ok).toBe(true);
    expect(told).not.toContain('asked');
    // The second one never had anything of it.
    expect(work.eraser.progressOf(requested.id).nodes).toMatchObject([{ node: id('stor', 1), outcome: 'left' }]);
  });

  test('goes on with the list of blocks that was made before its keys were destroyed', async () => {
    isAway = true;
    const away = Promise.withResolvers<void>();
    const log = pino({ level: 'info' }, { write: (line: string) => line.includes('not cleared') && away.resolve() });
    {
      await using _before = begin({ log });
      await away.promise;
    }
    isAway = false;
    await using work = begin();
    await recorded.promise;
    expect(work.eraser.progressOf(requested.id).nodes).toMatchObject([{ outcome: 'absent', absent: 2 }]);
    expect(told.filter((one) => one === 'destroyed')).toHaveLength(1);
  });
});

test('keys of an erased version that came back with an older backup are destroyed again', async () => {
  erasure = { ...requested, state: 'erased', certificate: sha256('c') };
  const destroyed = Promise.withResolvers<readonly VersionId[]>();
  const keys = { version: () => ({}) as never, destroy: (of: readonly VersionId[]) => destroyed.resolve(of) };
  await using _work = begin({ keys });
  expect(await destroyed.promise).toEqual([version]);
  expect(told).toEqual([]);
});
