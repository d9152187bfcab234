/** A storage node is expelled, on an embedded network: its owner's versions still open, and the share that it kept opens nothing with the new ones. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { OwnNode } from '@d-cloud/network/store';
import { blockId, combineShares, decodeShare, parseManifest, type Share } from '@d-cloud/pipelines/seal';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { manifestNow } from '../keys/manifest-now.ts';
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
import { CustodyStore } from './custody-store.ts';

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
function keysOf(version: VersionId) {
  using store = openKeyStore(network);
  return store.version(version)!;
}

/** Whether the version's S was shared anew against the storage node, and nothing of it is left to be done. */
async function isBarred(version: VersionId, node: StorageNodeId): Promise<boolean> {
  using store = new CustodyStore(join(home().gateway, 'custody.sqlite'));
  return store.resharing(version) === undefined && store.barred(version).has(node);
}

function resharing(version: VersionId) {
  using store = new CustodyStore(join(home().gateway, 'custody.sqlite'));
  return store.resharing(version);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 40_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it does not come to hold');
    await wait(50);
  }
}

const shareAt = async (digests: Uint8Array, slot: number, node: string): Promise<Share | undefined> => {
  const cid = blockId(digests.subarray(32 * slot, 32 * slot + 32));
  const bytes = await nodes
    .get(node)!
    .get(cid, { signal: AbortSignal.timeout(5_000) })
    .catch(() => undefined);
  return bytes === undefined ? undefined : decodeShare(bytes, slot, { k: 4, n: 7 });
};

const restart = async (failpoints: readonly string[]) => {
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  const file = home().gatewayConfig;
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), failpoints }), { mode: 0o600 });
  await network.startGateway('alder');
};

test('a gateway that ends at any line of an expulsion is between nothing, and at last the share that was kept combines with no new ones', async () => {
  const content = randomBytes(500_000);
  const version = await publishVersion(network, await registerDataset(network), content);
  const manifest = parseManifest(keysOf(version).manifest);
  const shares = manifest.shares!;
  const expelled = manifest.slots.find(({ organization }) => organization !== 'AlderMSP')!;
  const id = expelled.storageNode as StorageNodeId;
  const old = (await shareAt(shares, expelled.slot, id))!;
  const trusted = manifest.slots.filter(({ storageNode }) => storageNode !== id);
  const opens = async () => expect((await read(version)).equals(content)).toBe(true);
  const oldLeft = async () =>
    (await Promise.all(trusted.map(({ slot, storageNode }) => shareAt(shares, slot, storageNode)))).filter(Boolean);

  await restart(['expel.placed:throw']);
  await admin().call('POST', `/storage-nodes/${id}/expel`, { body: { reason: 'it was sold with its disk' } });
  await until(async () => resharing(version) !== undefined);
  const first = resharing(version)!.after;
  await opens();
  expect(keysOf(version).shares).toBeUndefined();
  await restart(['expel.switched:throw']);
  await until(async () => keysOf(version).shares !== undefined);
  await opens();
  // What was placed before the first end was taken back: a polynomial is never used for two S, nor one S left with two.
  for (const { slot, storageNode } of trusted) expect(await shareAt(first, slot, storageNode)).toBeUndefined();
  await restart(['expel.cleared:throw']);
  await until(async () => (await oldLeft()).length === 0);
  await opens();
  await restart([]);
  await until(() => isBarred(version, id));
  await opens();

  const now = manifestNow(keysOf(version)).shares!;
  const fresh = (await Promise.all(trusted.map(({ slot, storageNode }) => shareAt(now, slot, storageNode)))).filter(
    (share) => share !== undefined,
  );
  expect(fresh).toHaveLength(6);
  const s = combineShares(fresh, { k: 4, n: 7 });
  for (let from = 0; from + 3 <= fresh.length; from++) {
    const mixed = combineShares([old, ...fresh.slice(from, from + 3)], { k: 4, n: 7 });
    expect(Buffer.from(mixed).equals(s)).toBe(false);
  }
}, 120_000);

test('readers of others are told of the new shares, and what is expelled twice is refused', async () => {
  using store = new CustodyStore(join(home().gateway, 'custody.sqlite'));
  const versions = network.gateways.get('alder')!.services.readModel.list('version', {}, { limit: 10 }).items;
  const { id, dataset } = versions.find(({ record }) => store.barred(record.id).size > 0)!.record;
  const terms = { actions: ['read'], purposes: [purpose], models: [] };
  const grant = await admin().call<Loose>('POST', '/grants', { body: { dataset, grantee: 'BirchMSP', terms } });
  await network.caughtUp();
  const bytes = await read(id, admin('birch'), `?purpose=${purpose}&grant=${grant.id}`);
  expect(bytes.equals(await read(id))).toBe(true);
  const [node] = store.barred(id);
  const again = admin().call('POST', `/storage-nodes/${node}/expel`, { body: { reason: 'again' } });
  await expect(again).rejects.toMatchObject({ status: 409 });
}, 60_000);
