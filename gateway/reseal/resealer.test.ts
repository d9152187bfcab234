/** A hard revoke on an embedded network, ended at each of its lines: the version opens at any moment, and at last nothing of what the grantee knew is left. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { VersionId } from '@d-cloud/chaincode/domain';
import type { OwnNode } from '@d-cloud/network/store';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { VersionBlocks } from '../custody/version-blocks.ts';
import { manifestNow } from '../keys/manifest-now.ts';
import { failpointNames } from '../publish/failpoint.ts';
import { layoutOf } from '../supervisor/layout.ts';
import {
  openKeyStore,
  openStorageNodes,
  publishVersion,
  purpose,
  readContent,
  registerDataset,
} from '../testing/alders-versions.ts';
import { EmbeddedNetwork } from '../testing/embedded-network.ts';
import type { Loose } from '../testing/index.ts';

let network: EmbeddedNetwork;
let nodes: ReadonlyMap<string, OwnNode>;
beforeAll(async () => {
  network = await EmbeddedNetwork.start();
  await network.join([purpose]);
  nodes = openStorageNodes(network);
}, 120_000);
afterAll(async () => {
  for (const node of nodes.values()) await node[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

const home = () => layoutOf(network.directory).ofOrganization('alder');
const admin = (name = 'alder') => network.rest(name, 'admin');
const read = (version: string, who = admin(), query = '') => readContent(who, version, query);

function grant(dataset: string, grantee = 'BirchMSP'): Promise<Loose> {
  const terms = { actions: ['read'], purposes: [purpose], models: [] };
  return admin().call<Loose>('POST', '/grants', { body: { dataset, grantee, terms } });
}

function revoke(id: string): Promise<Loose> {
  const body = { reason: 'the grantee was broken into', hard: true };
  return admin().call<Loose>('POST', `/grants/${id}/revoke`, { body });
}

function keysOf(version: VersionId) {
  using store = openKeyStore(network);
  return store.version(version)!;
}

/** How many of a sealing's blocks lie where they belong, and how many it has. */
async function lying(blocks: VersionBlocks): Promise<{ there: number; all: number }> {
  const count = { there: 0, all: 0 };
  for (const { slot, storageNode } of blocks.manifest.slots)
    for (const ordinal of blocks.ordinals) {
      count.all++;
      if ((await nodes.get(storageNode)!.stat(blocks.cid(slot, ordinal))) !== undefined) count.there++;
    }
  return count;
}

/** Starts alder's gateway again with these lines armed; gives what waits until one of them was reached. */
async function restart(failpoints: readonly string[]): Promise<() => Promise<void>> {
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  const file = home().gatewayConfig;
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), failpoints }), { mode: 0o600 });
  const reached = Promise.withResolvers<void>();
  const write = (line: string) => line.includes('FailpointReached') && reached.resolve();
  await network.startGateway('alder', { log: pino({ level: 'warn' }, { write }) });
  return () => reached.promise;
}

/** Waits until every key and version has followed what was revoked. */
async function settled(): Promise<void> {
  for (;;) {
    const { settled: isSettled, resealing } = await admin().call<Loose>('GET', '/organizations/own/keys');
    if (isSettled && resealing.due.length === 0 && resealing.clearing.length === 0) return;
    await wait(100);
  }
}

test('whoever reads while a version is sealed anew reads all of it: its owner and another grantee, in a loop and in one long read', async () => {
  const dataset = await registerDataset(network);
  const small = randomBytes(50_000);
  // More than what lies between storage nodes and a reader who does not read on.
  const large = randomBytes(14_000_000);
  const version = await publishVersion(network, dataset, small);
  const largeVersion = await publishVersion(network, dataset, large);
  const { id: revoked } = await grant(dataset);
  const { id: other } = await grant(dataset, 'CedarMSP');
  await network.caughtUp();
  const readers = [
    { who: admin(), query: '' },
    { who: admin('cedar'), query: `?purpose=${purpose}&grant=${other}` },
  ];
  const begun = readers.map(async ({ who, query }) => {
    const accept = 'application/octet-stream';
    const { body } = await who.open('GET', `/versions/${largeVersion}/content${query}`, { accept });
    const pieces = (body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const first = (await pieces.next()).value as Uint8Array;
    return { first, rest: () => Array.fromAsync({ [Symbol.asyncIterator]: () => pieces }) };
  });
  const long = await Promise.all(begun);

  const { readModel } = network.gateways.get('alder')!.services;
  let isOver = false;
  const looping = (async () => {
    let rounds = 0;
    for (let isLast = false; !isLast; rounds++) {
      isLast = isOver;
      for (const { who, query } of readers) expect((await read(version, who, query)).equals(small)).toBe(true);
    }
    return rounds;
  })();
  await revoke(revoked);
  const clearing = new Set([version, largeVersion]);
  for await (const { event } of readModel.events({ signal: AbortSignal.timeout(170_000) })) {
    if (event.kind === 'audit.recorded' && event.audit.kind === 'absence') clearing.delete(event.audit.version);
    if (clearing.size === 0) break;
  }
  isOver = true;
  expect(await looping).toBeGreaterThanOrEqual(2);
  for (const { first, rest } of long) expect(Buffer.concat([first, ...(await rest())]).equals(large)).toBe(true);
}, 180_000);

test('a version is sealed anew under other keys, its old blocks are gone everywhere, and that is on the ledger', async () => {
  const content = randomBytes(6_000_000);
  const dataset = await registerDataset(network);
  const version = await publishVersion(network, dataset, content);
  const { rows } = await admin().call<Loose>('GET', `/versions/${version}`);
  const issue = async () => {
    const given = await grant(dataset);
    await network.caughtUp();
    return `?purpose=${purpose}&grant=${given.id}`;
  };
  const first = await issue();
  expect((await read(version, admin('birch'), first)).equals(content)).toBe(true);
  const before = keysOf(version);
  const old = new VersionBlocks(manifestNow(before));

  const lines = failpointNames.filter((name) => name.startsWith('reseal.'));
  expect(lines.length).toBe(8);
  // Those after it are armed too: the same gateway tries again after a moment, and is to get no further than the next line.
  const from = (line: number) => lines.slice(line).map((name) => `${name}:throw`);
  let reached = await restart(from(0));
  await revoke(first.slice(first.indexOf('grant=') + 6));
  for (let line = 1; line < lines.length; line++) {
    await reached();
    expect((await read(version)).equals(content)).toBe(true);
    reached = await restart(from(line));
  }
  await reached();
  await restart([]);
  await settled();

  expect((await read(version)).equals(content)).toBe(true);
  const after = keysOf(version);
  expect(Buffer.from(after.contentKey).equals(before.contentKey)).toBe(false);
  expect(await admin().call('GET', `/versions/${version}`)).toMatchObject({
    sealing: 2,
    epoch: 2,
    rows,
  });
  const asked = 7 * old.perSlot;
  expect(await lying(old)).toEqual({ there: 0, all: asked });
  const { items: audits } = network.gateways.get('alder')!.services.readModel.list('audit', { parent: version });
  const absences = audits.filter(({ record }) => record.kind === 'absence');
  expect(absences).toHaveLength(1);
  const seen = absences[0]!.record.nodes;
  expect(seen.reduce((sum, { missing }) => sum + missing, 0)).toBe(asked);
  expect(seen.every(({ ok, offline }) => ok === 0 && offline === 0)).toBe(true);

  await network.caughtUp();
  await expect(read(version, admin('birch'), first)).rejects.toMatchObject({ code: 'GRANT_REVOKED' });
  expect((await read(version, admin('birch'), await issue())).equals(content)).toBe(true);
}, 180_000);

test('a gateway that reads the ledger from block 0 again seals nothing anew, and lets no keys count that the ledger does not commit to', async () => {
  const content = randomBytes(100_000);
  const dataset = await registerDataset(network);
  const version = await publishVersion(network, dataset, content);
  const before = keysOf(version);
  await revoke((await grant(dataset)).id);
  await settled();
  const sealed = keysOf(version);
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  {
    // As a try leaves it that was made on what the read model showed of the past.
    using store = openKeyStore(network);
    store.putNext(2, { version, contentKey: randomBytes(32), salt: randomBytes(32), manifest: before.manifest });
  }
  for (const name of readdirSync(home().gateway).filter((one) => one.startsWith('index.sqlite')))
    rmSync(join(home().gateway, name));
  const lines: string[] = [];
  const ended = Promise.withResolvers<void>();
  const write = (line: string) => {
    lines.push(line);
    if (line.includes('another sealing of the version was recorded')) ended.resolve();
  };
  await network.startGateway('alder', { log: pino({ level: 'warn' }, { write }) });
  await ended.promise;
  await settled();
  expect(lines.filter((line) => line.includes('sealing anew'))).toEqual([]);
  {
    using store = openKeyStore(network);
    expect(store.next(version)).toBeUndefined();
  }
  expect(keysOf(version)).toEqual(sealed);
  const { there, all } = await lying(new VersionBlocks(manifestNow(sealed)));
  expect(there).toBe(all);
  expect((await read(version)).equals(content)).toBe(true);
}, 60_000);

test.each(['reseal.kept', 'reseal.superseded'])(
  'an erasure that is requested at %s leaves neither sealing, nor keys of either',
  async (line) => {
    const dataset = await registerDataset(network);
    const version = await publishVersion(network, dataset, randomBytes(100_000));
    const { id } = await grant(dataset);
    const reached = await restart([`${line}:throw`]);
    await revoke(id);
    await reached();
    const sealings = () => {
      using store = openKeyStore(network);
      return [store.version(version), store.next(version)].flatMap((keys) => (keys === undefined ? [] : [keys]));
    };
    const blocks = sealings().map((keys) => new VersionBlocks(manifestNow(keys)));
    const both = await Promise.all(blocks.map(lying));
    expect(both).toEqual([0, 1].map((at) => ({ there: both[at]!.all, all: 7 * blocks[at]!.perSlot })));

    await admin().call('POST', `/versions/${version}/erasure`, { body: { reason: 'asked for', confirm: version } });
    await restart([]);
    for (;;) {
      const { state } = await admin().call<Loose>('GET', `/versions/${version}/erasure`);
      const { settled, resealing } = await admin().call<Loose>('GET', '/organizations/own/keys');
      if (state === 'erased' && settled && resealing.due.length + resealing.clearing.length === 0) break;
      await wait(100);
    }
    for (const one of blocks) expect((await lying(one)).there).toBe(0);
    expect(sealings()).toEqual([]);
    const { ledger } = network.gateways.get('alder')!.services;
    const kept = (await ledger.evaluate('key:list', {})).entries.map(({ name }) => name);
    expect(kept).not.toContain(`version/${version}`);
    await expect(read(version)).rejects.toMatchObject({ code: 'ERASED' });
  },
  120_000,
);
