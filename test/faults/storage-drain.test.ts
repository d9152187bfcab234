/** A storage node leaves: the owners of what lies on it move it first, kill or no kill, and whoever reads finds it at its new place. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { GrantView } from '@d-cloud/gateway/cli';
import { failpointNames } from '@d-cloud/gateway/publish';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { audit, blockFiles, configureCustody, digestsOf, storageOf } from '../support/custody.ts';
import { type Network, type OrganizationName, startNetwork } from '../support/network.ts';
import { largePhotographs } from '../support/samples.ts';
import { askAndIssue, contentDigests, entryDigests, publishFiles, registerDataset } from '../support/stories.ts';
import type { TarEntry } from '../support/tar.ts';
import { until } from '../support/until.ts';

let network: Network;
let entries: readonly TarEntry[];
let version: string;
let grant: GrantView;
const alder = () => network.as('alder');
const operator = (name: OrganizationName) => network.as(name, 'operator');

beforeAll(async () => {
  network = await startNetwork();
  // With six storage nodes a version lies on five of them, and one is to spare.
  const spare = network.organization('alder').storageNodes[2]!.id;
  await operator('alder').call('POST', `/storage-nodes/${spare}/drain`);
  await operator('alder').call('POST', `/storage-nodes/${spare}/leave`);
  entries = await largePhotographs(3);
  const { id } = await registerDataset(alder());
  ({ id: version } = await publishFiles(alder(), id, entries));
  grant = await askAndIssue(network, { dataset: id, actions: ['read'] });
}, 180_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

const ownerOf = (node: string) =>
  network.description.organizations.find(({ storageNodes }) => storageNodes.some(({ id }) => id === node))!
    .name as OrganizationName;

async function isReadable(): Promise<void> {
  expect(await contentDigests(alder(), version)).toEqual(entryDigests(entries));
  const query = `?purpose=dpv:ResearchAndDevelopment&grant=${grant.id}`;
  expect(await contentDigests(network.as('birch'), version, query)).toEqual(entryDigests(entries));
}

test('a storage node that holds fragments may not leave before their owner has moved them', async () => {
  const { fragments, k, n } = await storageOf(alder(), version);
  expect({ k, n }).toEqual({ k: 3, n: 5 });
  const { storageNode, slot } = fragments.find(({ organization }) => organization === 'CedarMSP')!;
  const owner = ownerOf(storageNode);
  const { status, code } = await refusalOf(operator(owner).call('POST', `/storage-nodes/${storageNode}/leave`));
  expect({ status, code }).toEqual({ status: 409, code: 'STATE_CONFLICT' });
  const files = await blockFiles(network, storageNode);

  // The owner's gateway is killed at every line of the repair, one after the other; begun again it goes on by itself.
  const [first, ...later] = failpointNames.filter((name) => name.startsWith('repair.'));
  expect(later.length).toBeGreaterThan(0);
  await network.arm('alder', first!);
  await operator(owner).call('POST', `/storage-nodes/${storageNode}/drain`);
  for (const line of later) await network.reach('alder', line);
  await network.revive('alder');
  const moved = await until('the fragment to be moved', async () => {
    const storage = await storageOf(alder(), version);
    return storage.fragments[slot]!.moved && storage;
  });
  const place = moved.fragments[slot]!.storageNode;
  expect(place).not.toBe(storageNode);
  expect(moved).toMatchObject({ state: 'stored', intact: 5 });
  expect(moved.reconstruction).toMatchObject({ mostByOne: 2, anyAlone: false, anyMayLeave: true });
  await isReadable();

  // The same blocks, elsewhere, and nothing left where they were.
  const names = (held: ReadonlyMap<string, Buffer>) => new Set([...held.keys()].map((file) => file.split('/').at(-1)));
  expect(names(await blockFiles(network, place)).isSupersetOf(names(files))).toBe(true);
  await until('the old place to be empty', async () => (await blockFiles(network, storageNode)).size === 0);
  await operator(owner).call('POST', `/storage-nodes/${storageNode}/leave`);
  expect(await audit(alder(), version)).toMatchObject({ state: 'stored', intact: 5 });
  await isReadable();
}, 180_000);

test('blocks that belong to nothing are removed from the own storage nodes after the horizon, others stay', async () => {
  const node = network.organization('alder').storageNodes[0]!.id;
  const home = network.layout.ofOrganization('alder');
  const before = await blockFiles(network, node);
  // What a crash may leave: a block that was put for a version that nobody published, with its line in the block index.
  const stray = Buffer.from('nobody published this');
  const config = JSON.parse(await readFile(home.gatewayConfig, 'utf8'));
  const { address, token } = config.storageNodes.find(({ id }: { id: string }) => id === node);
  const form = new FormData();
  form.append('data', new Blob([stray]));
  const put = await fetch(`${address}/api/v0/block/put?cid-codec=raw&mhtype=sha2-256`, {
    method: 'POST',
    headers: { authorization: `Bearer ${(await readFile(token, 'utf8')).trim()}` },
    body: form,
  });
  const { Key: cid } = (await put.json()) as { Key: string };
  await network.hold('gateway-alder');
  const index = new DatabaseSync(`${home.gateway}/blocks.sqlite`);
  index
    .prepare('INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, 1)')
    .run(cid, node, `vers_${'a'.repeat(26)}`, 'AlderMSP', 'AlderMSP', stray.length);
  index.close();
  await writeFile(home.gatewayConfig, JSON.stringify(config));
  await network.release('gateway-alder');
  expect((await blockFiles(network, node)).size).toBe(before.size + 1);
  await configureCustody(network, 'alder', { auditIntervalMs: 1_000, orphanHorizonMs: 1_500 });
  await until('the stray block to be gone', async () => (await blockFiles(network, node)).size === before.size);
  expect(digestsOf(await blockFiles(network, node))).toEqual(digestsOf(before));
  await isReadable();
}, 120_000);

test('an expulsion, killed at every line of sharing S anew: it is one, everything opens, and no old share lies beside the new ones', async () => {
  const admin = () => network.as('alder', 'admin');
  const { fragments } = await storageOf(alder(), version);
  const { storageNode: expelled } = fragments.find(({ organization }) => organization === 'BirchMSP')!;
  const trusted = fragments.filter(({ storageNode }) => storageNode !== expelled);
  const held = () =>
    Promise.all(trusted.map(async ({ storageNode }) => [...(await blockFiles(network, storageNode)).keys()]));
  const before = await held();
  const expel = () =>
    admin().call<{ ledger: unknown }>('POST', `/storage-nodes/${expelled}/expel`, {
      body: { reason: 'it was sold with its disk' },
      idempotencyKey: 'killed-at-expel',
    });
  const [first, ...later] = failpointNames.filter((name) => name.startsWith('expel.'));
  expect(later.length).toBeGreaterThan(0);
  await network.arm('alder', first!);
  const asked = expel().catch(() => undefined);
  for (const line of later) await network.reach('alder', line);
  await network.revive('alder');
  const { ledger } = await until('the repeated request to be answered', expel);
  expect((await asked)?.ledger ?? ledger).toEqual(ledger);

  const custody = join(network.layout.ofOrganization('alder').gateway, 'custody.sqlite');
  await until('S to be shared anew', () => {
    using database = new DatabaseSync(custody, { readOnly: true });
    const { length: barred } = database.prepare('SELECT * FROM barred WHERE node = ?').all(expelled);
    return barred === 1 && database.prepare('SELECT * FROM resharing').all().length === 0;
  });
  const after = await held();
  expect(after.map(({ length }) => length)).toEqual(before.map(({ length }) => length));
  for (const [slot, files] of after.entries())
    expect(files.filter((file) => !before[slot]!.includes(file))).toHaveLength(1);
  await isReadable();
}, 180_000);
