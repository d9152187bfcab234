import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type RunningStorageNode, type StorageNodes, startStorageNodes } from '../embedded/store/index.ts';
import { cidOf } from './cid.ts';
import { StorageRoutes } from './storage-routes.ts';

const token = 'a-token-of-the-tests';
const right = { words: ['own', 'version_x'] };
const slots = ['s0', 's1', 's2'];
let directory: string;
let store: StorageNodes;
let now: number;
let routes: StorageRoutes;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'd-cloud-routes-'));
  const nodes = slots.map((id) => ({ id, directory: join(directory, id), port: 0, token }));
  store = await startStorageNodes({ nodes, capacityBytes: 300_000, faults: true });
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

beforeEach(() => {
  for (const node of store.nodes) node.setFault({ kind: 'none' });
  now = 0;
  routes = routesWithin(10_000);
});

function routesWithin(deadlineMs: number): StorageRoutes {
  return new StorageRoutes({
    routes: new Map(store.nodes.map(({ id, address }) => [id, { kind: 'own', address, token }])),
    clock: () => now,
    deadlineMs,
    patience: { tries: 2, firstPauseMs: 1, random: () => 0.5 },
  });
}

const node = (slot: number): RunningStorageNode => store.nodes[slot]!;

async function stored(slot: number, length = 1000): Promise<{ cid: string; bytes: Buffer }> {
  const bytes = randomBytes(length);
  await routes.bind(slots, right).put({ slot, cid: cidOf(bytes), bytes });
  return { cid: cidOf(bytes), bytes };
}

test('a block put to a slot lies on that slot and on no other', async () => {
  await using _ = routes;
  const { cid, bytes } = await stored(1);
  const blocks = routes.bind(slots, right);
  expect((await blocks.get(1, cid)).equals(bytes)).toBe(true);
  expect(await Promise.all([0, 1, 2].map((slot) => blocks.stat(slot, cid)))).toEqual([undefined, 1000, undefined]);
  expect(await blocks.remove(1, cid)).toBe(true);
});

test.each(['dead', 'silent', 'lying'] as const)(
  'a %s storage node is contained after three strikes and serves again once a probe succeeds',
  async (kind) => {
    await using _ = routes;
    const { cid, bytes } = await stored(0);
    if (kind === 'silent') routes = routesWithin(700);
    await using __ = routes;
    const blocks = routes.bind(slots, right);
    node(0).setFault({ kind });
    for (let strike = 0; strike < 3; strike++) {
      expect(routes.state('s0')).toBe('serving');
      await expect(blocks.get(0, cid)).rejects.toMatchObject({ name: 'Fault' });
    }
    expect(routes.state('s0')).toBe('contained');
    node(0).setFault({ kind: 'none' });
    // Contained means that nobody asks, although it would answer now.
    await expect(blocks.get(0, cid)).rejects.toThrow(/s0 is contained/);
    now += 500;
    expect(routes.state('s0')).toBe('probing');
    expect((await blocks.get(0, cid)).equals(bytes)).toBe(true);
    expect(routes.state('s0')).toBe('serving');
  },
);

test('a probe that fails doubles the rest, and only one caller probes', async () => {
  await using _ = routes;
  const { cid } = await stored(0);
  const blocks = routes.bind(slots, right);
  node(0).setFault({ kind: 'dead' });
  for (let strike = 0; strike < 3; strike++) await expect(blocks.get(0, cid)).rejects.toThrow();
  now += 500;
  const answers = await Promise.allSettled([blocks.get(0, cid), blocks.get(0, cid)]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(String((answers[1] as PromiseRejectedResult).reason)).toMatch(/contained/);
  now += 999;
  expect(routes.state('s0')).toBe('contained');
  now += 1;
  expect(routes.state('s0')).toBe('probing');
});

test('a storage node that callers give up on, because it is much slower than the others, is contained and ranked last', async () => {
  await using _ = routes;
  const placed = [await stored(0), await stored(1), await stored(2)];
  const blocks = routes.bind(slots, right);
  for (const [slot, { cid }] of placed.entries()) await blocks.get(slot, cid);
  node(1).setFault({ kind: 'slow', delayMs: 250, bytesPerSecond: 1000 });
  for (let strike = 0; strike < 3; strike++) {
    const gaveUp = new AbortController();
    const asked = blocks.get(1, placed[1]!.cid, { signal: gaveUp.signal });
    now += 2000;
    gaveUp.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  }
  expect(routes.state('s1')).toBe('contained');
  expect(blocks.ranked()[2]).toBe(1);
});

test('slow means four times what the storage nodes usually take, and not a moment less', async () => {
  await using _ = routes;
  const placed = [await stored(0), await stored(1), await stored(2)];
  const blocks = routes.bind(slots, right);
  for (let turn = 0; turn < 30; turn++) {
    const asked = placed.map(({ cid }, slot) => blocks.get(slot, cid));
    now += 50;
    await Promise.all(asked);
  }
  const giveUpAfter = async (ms: number) => {
    node(1).setFault({ kind: 'silent' });
    for (let turn = 0; turn < 3; turn++) {
      const gaveUp = new AbortController();
      const asked = blocks.get(1, placed[1]!.cid, { signal: gaveUp.signal });
      now += ms;
      gaveUp.abort();
      await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    }
    return routes.state('s1');
  };
  expect(await giveUpAfter(190)).toBe('serving');
  expect(await giveUpAfter(210)).toBe('contained');
});

test('the same route again leaves requests under way alone, and another one leads to the new address', async () => {
  await using _ = routes;
  const { cid, bytes } = await stored(0, 200_000);
  node(0).setFault({ kind: 'slow', delayMs: 50, bytesPerSecond: 10_000_000 });
  const asked = routes.bind(slots, right).get(0, cid);
  routes.set('s0', { kind: 'own', address: node(0).address, token });
  expect((await asked).equals(bytes)).toBe(true);
  routes.set('s0', { kind: 'own', address: node(1).address, token });
  expect(await routes.bind(slots, right).stat(0, cid)).toBeUndefined();
  routes.set('s0', { kind: 'own', address: node(0).address, token });
  await routes.bind(slots, right).remove(0, cid);
});

test('a CID that is refused here does not count as the answer of a probe', async () => {
  await using _ = routes;
  const { cid } = await stored(0);
  const blocks = routes.bind(slots, right);
  node(0).setFault({ kind: 'dead' });
  for (let strike = 0; strike < 3; strike++) await expect(blocks.get(0, cid)).rejects.toThrow();
  now += 500;
  await expect(blocks.get(0, 'not a CID')).rejects.toMatchObject({ code: 'CID_INVALID' });
  expect(routes.state('s0')).toBe('probing');
});

test('a caller that gives up at once says nothing about the storage node', async () => {
  await using _ = routes;
  const { cid } = await stored(0);
  const blocks = routes.bind(slots, right);
  for (let turn = 0; turn < 5; turn++) {
    await expect(blocks.get(0, cid, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  }
  expect(routes.state('s0')).toBe('serving');
});

test('a full storage node refuses puts, by its capacity or by its disk, and goes on serving what it holds', async () => {
  await using _ = routes;
  const { cid, bytes } = await stored(2, 200_000);
  for (let turn = 0; turn < 4; turn++) {
    await expect(stored(2, 150_000)).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'storage node s2 is full',
      retryable: false,
    });
  }
  expect((await routes.bind(slots, right).get(2, cid)).equals(bytes)).toBe(true);
  await routes.bind(slots, right).remove(2, cid);
  node(2).setFault({ kind: 'full' });
  await expect(stored(2)).rejects.toThrow('storage node s2 is full');
  node(2).setFault({ kind: 'none' });
  await stored(2, 150_000);
});

test('an answer that drips is cut off at the deadline', async () => {
  await using _ = routes;
  const { cid } = await stored(0, 50_000);
  node(0).setFault({ kind: 'slow', delayMs: 0, bytesPerSecond: 1000 });
  await using hurried = routesWithin(300);
  await expect(hurried.bind(slots, right).get(0, cid)).rejects.toMatchObject({ kind: 'timeout' });
});

test('a wrong token and a stranger at the address are told apart from a node that is down', async () => {
  await using _ = routes;
  routes.set('s0', { kind: 'own', address: node(0).address, token: 'not-the-token-at-all' });
  await expect(stored(0)).rejects.toMatchObject({
    kind: 'misconfigured',
    message: 'storage node s0 refused the token of its RPC',
  });
  await expect(routes.own('s0').control.identity()).rejects.toMatchObject({ kind: 'misconfigured' });
  await expect(routes.bind(['nobody'], right).get(0, cidOf(Buffer.from('x')))).rejects.toMatchObject({
    kind: 'misconfigured',
  });
});
