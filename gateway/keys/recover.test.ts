/** What the ledger keeps of an organization's keys, on an embedded network: a gateway's disk is lost and nothing with it; keys follow revokes and rotations. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { VersionId } from '@d-cloud/chaincode/domain';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { backUp, restore } from '../backup/index.ts';
import { BlockIndex } from '../peer/block-index.ts';
import { openFabricChannel } from '../service/open-channel.ts';
import { gatewayConfigOf } from '../supervisor/gateway-config-of.ts';
import { layoutOf } from '../supervisor/layout.ts';
import { openKeyStore, publishVersion, purpose, readContent, registerDataset } from '../testing/alders-versions.ts';
import { EmbeddedNetwork } from '../testing/embedded-network.ts';
import type { Loose } from '../testing/index.ts';
import { readRecoveryKey, recoverKeys } from './index.ts';

let network: EmbeddedNetwork;
beforeAll(async () => {
  network = await EmbeddedNetwork.start();
  await network.join([purpose]);
}, 120_000);
afterAll(() => network[Symbol.asyncDispose]());

const home = () => layoutOf(network.directory).ofOrganization('alder');
const services = () => network.gateways.get('alder')!.services;
const admin = (name = 'alder') => network.rest(name, 'admin');
const register = () => registerDataset(network);
const publish = (dataset: string, bytes: Uint8Array) => publishVersion(network, dataset, bytes);
const read = (version: string, who = admin(), query = '') => readContent(who, version, query);

async function kept(): Promise<readonly string[]> {
  const { entries } = await services().ledger.evaluate('key:list', {});
  return entries.map(({ name }) => name);
}

/** What alder's block index says of a version. */
function linesOf(version: string) {
  using index = new BlockIndex(join(home().gateway, 'blocks.sqlite'));
  return index.ofVersion(version as VersionId).toSorted((a, b) => (a.cid < b.cid ? -1 : 1));
}

async function settled(): Promise<Loose> {
  for (;;) {
    const rotation = await admin().call<Loose>('GET', '/organizations/own/keys');
    if (rotation.settled) return rotation;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Recovers alder's gateway, which is down, with the recovery key in this file. */
async function recover(file = home().recoveryKey, organizationSecret = home().organizationSecret) {
  const config = await gatewayConfigOf(network.directory, 'alder', '');
  await using channel = openFabricChannel(config, async () => {});
  return await recoverKeys({
    data: config.data,
    organizationSecret,
    organization: config.organization.mspId,
    channel: config.channel,
    ledger: channel.ledger,
    recoveryKey: readRecoveryKey(file),
    storageNodes: new Set(config.storageNodes.map(({ id }) => id)),
  });
}

test('a lost key store comes back from the ledger with the recovery key and opens every version bit by bit', async () => {
  const dataset = await register();
  const contents = [randomBytes(3_000_000), randomBytes(100)];
  const versions: string[] = [];
  for (const content of contents) versions.push(await publish(dataset, content));
  expect(await kept()).toEqual(
    expect.arrayContaining([`dataset/${dataset}/1`, ...versions.map((id) => `version/${id}`)]),
  );
  // Nobody else's peer has it, and nobody else's caller may ask for it.
  const { entries } = await network.gateways.get('birch')!.services.ledger.evaluate('key:list', {});
  expect(entries.map(({ name }) => name)).not.toContain(`dataset/${dataset}/1`);

  const lying = versions.map(linesOf);
  expect(lying.every((lines) => lines.length > 0)).toBe(true);
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  network.gateways.delete('alder');
  rmSync(home().gateway, { recursive: true });
  await mkdir(home().gateway, { mode: 0o700 });
  const others = layoutOf(network.directory).ofOrganization('birch').recoveryKey;
  await expect(recover(others)).rejects.toThrow('does not open');
  expect(readdirSync(home().gateway)).not.toContain('keys.sqlite');
  expect(await recover()).toMatchObject({ versions: 2, unpublished: [] });
  // Without these lines nobody else would be given a block of what lies on alder's storage nodes.
  expect(versions.map(linesOf)).toEqual(lying);
  await expect(recover()).rejects.toThrow('nothing is written over');
  expect(readdirSync(home().gateway).filter((name) => name.startsWith('.'))).toEqual([]);

  await network.startGateway('alder');
  await network.issueKeys('alder');
  await network.caughtUp();
  for (const [at, version] of versions.entries()) expect((await read(version)).equals(contents[at]!)).toBe(true);
  const later = await publish(dataset, contents[1]!);
  expect((await read(later)).equals(contents[1]!)).toBe(true);
}, 120_000);

test('a gateway that starts without its key store keeps, publishes and rotates nothing until the keys are recovered', async () => {
  const dataset = await register();
  const content = randomBytes(1_000);
  const version = await publish(dataset, content);
  await settled();
  const before = await services().ledger.evaluate('key:list', {});
  const config = readFileSync(home().gatewayConfig);
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  rmSync(home().gateway, { recursive: true });
  mkdirSync(home().gateway, { mode: 0o700 });
  writeFileSync(home().gatewayConfig, config, { mode: 0o600 });
  writeFileSync(home().organizationSecret, randomBytes(32).toString('hex'), { mode: 0o600 });

  const announced = Promise.withResolvers<string>();
  const write = (line: string) => line.includes('is not announced') && announced.resolve(line);
  await network.startGateway('alder', { log: pino({ level: 'error' }, { write }) });
  expect(await announced.promise).toContain('dcloud keys recover');
  await network.issueKeys('alder');
  await network.caughtUp();
  const refused = { code: 'MISCONFIGURED', message: expect.stringContaining('run dcloud keys recover first') };
  await expect(publish(dataset, content)).rejects.toMatchObject(refused);
  await expect(admin().call('POST', '/organizations/own/keys/rotate')).rejects.toMatchObject(refused);
  await expect(services().rotator.settle()).rejects.toThrow('dcloud keys recover');
  expect(await services().ledger.evaluate('key:list', {})).toEqual(before);

  await network.gateways.get('alder')![Symbol.asyncDispose]();
  await expect(recover()).rejects.toThrow('move it away');
  // As an earlier try that was killed before its last line leaves it, and a log of a database that was lost.
  rmSync(join(home().gateway, 'keys.sqlite'));
  writeFileSync(join(home().gateway, 'custody.sqlite-wal'), randomBytes(4_096));
  await recover();
  await network.startGateway('alder');
  await network.issueKeys('alder');
  await network.caughtUp();
  expect((await read(version)).equals(content)).toBe(true);
  expect((await read(await publish(dataset, content))).equals(content)).toBe(true);
}, 60_000);

test("an organization's secret on another disk is recovered too", async () => {
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  const secret = readFileSync(home().organizationSecret);
  rmSync(join(home().gateway, 'keys.sqlite'));
  const elsewhere = mkdtempSync('/dev/shm/dcloud-');
  try {
    expect(statSync(elsewhere).dev).not.toBe(statSync(home().gateway).dev);
    await recover(home().recoveryKey, join(elsewhere, 'organization-secret'));
    expect(readdirSync(elsewhere)).toEqual(['organization-secret']);
    expect(readFileSync(join(elsewhere, 'organization-secret')).equals(secret)).toBe(true);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
  await network.startGateway('alder');
  await network.caughtUp();
  await settled();
}, 60_000);

test('another key of a dataset is not kept over the one that is kept', async () => {
  const dataset = await register();
  const version = await publish(dataset, randomBytes(100));
  await settled();
  const of = async () => (await services().ledger.evaluate('key:get', { name: `dataset/${dataset}/1` })).value;
  const before = await of();
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  {
    // As in a snapshot of the disk from before the dataset had a key, to which it was published again.
    using store = openKeyStore(network);
    const keys = store.version(version)!;
    store.destroy([keys.version], keys.dataset);
    store.unmarkKept([`dataset/${dataset}/1`, `version/${version}`]);
    store.putVersion(keys);
  }
  await network.startGateway('alder');
  await network.caughtUp();
  await expect(services().rotator.settle()).rejects.toThrow('already kept: run dcloud keys recover first');
  expect(await of()).toBe(before);
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  rmSync(join(home().gateway, 'keys.sqlite'));
  await recover();
  await network.startGateway('alder');
  await network.caughtUp();
  await settled();
}, 60_000);

test('a gateway restored from an older backup takes in what was published, revoked and rotated since', async () => {
  const organization = 'alder';
  const place = join(network.directory, 'organizations', organization);
  const backup = {
    home: place,
    organization,
    file: join(network.directory, 'alder.backup'),
    passphrase: 'a passphrase for it',
  };
  const dataset = await register();
  const content = randomBytes(1_000);
  const before = await publish(dataset, content);
  await backUp({ ...backup, now: new Date() });
  const after = await publish(dataset, content);
  const terms = { actions: ['read'], purposes: [purpose], models: [] };
  const grant = await admin().call<Loose>('POST', '/grants', { body: { dataset, grantee: 'BirchMSP', terms } });
  await admin().call('POST', `/grants/${grant.id}/revoke`, { body: { reason: 'the story' } });
  await settled();
  const afterRevoke = await publish(dataset, content);
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  rmSync(home().gateway, { recursive: true });
  await restore(backup);
  await network.startGateway('alder');
  expect((await read(await publish(dataset, content))).equals(content)).toBe(true);
  for (const version of [before, after, afterRevoke]) expect((await read(version)).equals(content)).toBe(true);
  const { datasets } = await settled();
  expect(datasets).toContainEqual({ dataset, epoch: 2, versions: 4, behind: 0, older: [] });
  expect(existsSync(join(home().gateway, 'restored'))).toBe(false);
}, 60_000);

test('a revoke ends in a new epoch: old content keys are wrapped again, the old key is gone here and on the ledger', async () => {
  const dataset = await register();
  const content = randomBytes(1_000);
  const version = await publish(dataset, content);
  const terms = { actions: ['read'], purposes: [purpose] };
  const [first, second] = await Promise.all(
    [0, 1].map(() =>
      admin().call<Loose>('POST', '/grants', {
        body: { dataset, grantee: 'BirchMSP', terms: { ...terms, models: [] } },
      }),
    ),
  );
  await network.caughtUp();
  const asBirch = (grant: Loose) => read(version, admin('birch'), `?purpose=${purpose}&grant=${grant.id}`);
  expect((await asBirch(first)).equals(content)).toBe(true);
  await admin().call('POST', `/grants/${first.id}/revoke`, { body: { reason: 'the story' } });
  const { datasets } = await settled();
  expect(datasets).toContainEqual({ dataset, epoch: 2, versions: 1, behind: 0, older: [] });
  const names = await kept();
  expect(names).toContain(`dataset/${dataset}/2`);
  expect(names).not.toContain(`dataset/${dataset}/1`);
  await network.caughtUp();
  await expect(asBirch(first)).rejects.toMatchObject({ code: 'GRANT_REVOKED' });
  expect((await asBirch(second)).equals(content)).toBe(true);
  expect((await read(version)).equals(content)).toBe(true);
  expect((await read(await publish(dataset, content))).equals(content)).toBe(true);
}, 60_000);

test("the organization's key is rotated: dataset keys are wrapped to the new one and the old one is destroyed", async () => {
  const rotated = await admin().call<Loose>('POST', '/organizations/own/keys/rotate');
  expect(rotated.agreementKeys.map(({ epoch }: Loose) => epoch)).toEqual([1, 2]);
  expect(await settled()).toMatchObject({ organizationEpoch: 2, recoverable: true });
  const entries = (await services().ledger.evaluate('key:list', {})).entries.filter(({ name }) =>
    name.startsWith('dataset/'),
  );
  expect(entries.length).toBeGreaterThan(0);
  for (const { value } of entries) {
    const { wraps } = JSON.parse(Buffer.from(value, 'base64').toString('utf8'));
    expect(wraps.map(({ to }: Loose) => to)).toEqual(['organization-2', 'recovery']);
  }
  await network.gateways.get('alder')![Symbol.asyncDispose]();
  {
    using store = openKeyStore(network);
    expect(store.secretNames('agreement-key-')).toEqual(['agreement-key-2']);
  }
  await network.startGateway('alder');
  await network.caughtUp();
  expect(await settled()).toMatchObject({ organizationEpoch: 2 });
}, 60_000);

test('a recovery key that others may read, or that is none, is refused', () => {
  const file = join(network.directory, 'other.key');
  writeFileSync(file, 'no key', { mode: 0o600 });
  expect(() => readRecoveryKey(file)).toThrow('is not a recovery key');
  chmodSync(file, 0o644);
  expect(() => readRecoveryKey(file)).toThrow('0600');
  expect(() => readRecoveryKey(`${file}.absent`)).toThrow('cannot be read');
});
