/** A hard revoke on an embedded network, ended at each of its lines: the version opens at any moment, and at last nothing of what the grantee knew is left. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { VersionId } from '@d-cloud/chaincode/domain';
import { OwnNode } from '@d-cloud/network/store';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { VersionBlocks } from '../custody/version-blocks.ts';
import { KeyStore } from '../keys/index.ts';
import { manifestNow } from '../keys/manifest-now.ts';
import { failpointNames } from '../publish/failpoint.ts';
import { layoutOf } from '../supervisor/layout.ts';
import { EmbeddedNetwork } from '../testing/embedded-network.ts';
import type { Loose } from '../testing/index.ts';

const purpose = 'dpv:AcademicResearch';
let network: EmbeddedNetwork;
const nodes = new Map<string, OwnNode>();
beforeAll(async () => {
  network = await EmbeddedNetwork.start();
  await network.join([purpose]);
  for (const { services } of network.gateways.values())
    for (const { id, address, token } of services.config.storageNodes)
      nodes.set(id, new OwnNode({ id, address, token: readFileSync(token!, 'utf8').trim() }));
}, 120_000);
afterAll(async () => {
  for (const node of nodes.values()) await node[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

const home = () => layoutOf(network.directory).ofOrganization('alder');
const admin = (name = 'alder') => network.rest(name, 'admin');
const read = async (version: string, who = admin(), query = '') =>
  Buffer.from(
    await (
      await who.open('GET', `/versions/${version}/content${query}`, { accept: 'application/octet-stream' })
    ).arrayBuffer(),
  );

function keysOf(version: VersionId) {
  using store = KeyStore.open({
    file: join(home().gateway, 'keys.sqlite'),
    keyFile: join(home().gateway, 'key-store.key'),
    random: randomBytes,
  });
  return store.version(version)!;
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

test('a version is sealed anew under other keys, its old blocks are gone everywhere, and that is on the ledger', async () => {
  const content = randomBytes(6_000_000);
  const terms = { access: 'granted', purposes: [purpose] };
  const body = { title: 'Letters', licence: 'CC0-1.0', modality: 'documents', terms };
  const { id: dataset } = await admin().call<Loose>('POST', '/datasets', { body });
  const bytes = [content] as unknown as AsyncIterable<Uint8Array>;
  const stream = { type: 'application/octet-stream', name: 'a.bin', bytes };
  const published = await admin().call<Loose>('POST', `/datasets/${dataset}/versions`, { stream });
  const version = published.id as VersionId;
  const issue = async () => {
    const grantTerms = { actions: ['read'], purposes: [purpose], models: [] };
    const given = await admin().call<Loose>('POST', '/grants', {
      body: { dataset, grantee: 'BirchMSP', terms: grantTerms },
    });
    await network.caughtUp();
    return `?purpose=${purpose}&grant=${given.id}`;
  };
  const first = await issue();
  expect((await read(version, admin('birch'), first)).equals(content)).toBe(true);
  const before = keysOf(version);
  const old = new VersionBlocks(manifestNow(before));

  const lines = failpointNames.filter((name) => name.startsWith('reseal.'));
  expect(lines.length).toBe(7);
  // Those after it are armed too: the same gateway tries again after a moment, and is to get no further than the next line.
  const from = (line: number) => lines.slice(line).map((name) => `${name}:throw`);
  let reached = await restart(from(0));
  const grant = first.slice(first.indexOf('grant=') + 6);
  const reason = 'the grantee was broken into';
  await admin().call('POST', `/grants/${grant}/revoke`, { body: { reason, hard: true } });
  for (let line = 1; line < lines.length; line++) {
    await reached();
    expect((await read(version)).equals(content)).toBe(true);
    reached = await restart(from(line));
  }
  await reached();
  await restart([]);
  for (;;) {
    const { settled, resealing } = await admin().call<Loose>('GET', '/organizations/own/keys');
    if (settled && resealing.due.length === 0 && resealing.clearing.length === 0) break;
    await wait(100);
  }

  expect((await read(version)).equals(content)).toBe(true);
  const after = keysOf(version);
  expect(Buffer.from(after.contentKey).equals(before.contentKey)).toBe(false);
  expect(await admin().call('GET', `/versions/${version}`)).toMatchObject({
    sealing: 2,
    epoch: 2,
    rows: published.rows,
  });
  let asked = 0;
  for (const { slot, storageNode } of old.manifest.slots)
    for (const ordinal of old.ordinals) {
      expect(await nodes.get(storageNode)!.stat(old.cid(slot, ordinal))).toBeUndefined();
      asked++;
    }
  expect(asked).toBe(7 * old.perSlot);
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
