import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { keyedHash, openApiKeyStore } from '../auth/index.ts';
import { readBundle } from './bundle.ts';
import { writeConfigs } from './configs.ts';
import { descriptionOf, keepDescription, planDirectory, preferredPort } from './described.ts';
import {
  acceptConfigBlock,
  type FoundNetwork,
  foundAlone,
  foundNetwork,
  issueCredentials,
  writePrivate,
} from './found.ts';
import { layoutOf } from './layout.ts';
import { readWanted } from './wanted.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-found-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('founding an organization that joins a channel', () => {
  const joining = async () => {
    const text = JSON.stringify({ network: 'real', joins: true, organizations: [{ name: 'dogwood', orderers: 0 }] });
    const { planned } = await planDirectory(directory, { wanted: readWanted(text, 'dogwood.json') });
    await keepDescription(directory, planned);
    return planned;
  };

  test('makes its keys and what it shows, and no first block of its own', async () => {
    const planned = await joining();
    const file = await foundAlone(directory, planned, { now: new Date(), fabric: '2.5' });
    const shown = readBundle(await readFile(file, 'utf8'), file);
    expect(shown).toMatchObject({ name: 'dogwood', mspId: 'DogwoodMSP', orderers: [] });
    await expect(foundNetwork(directory, new Date())).rejects.toThrow('give it to dcloud org join');
    expect(await readdir(directory)).not.toContain('channels');
  });

  test('takes a config block of the channel it described, and nothing else', async () => {
    await joining();
    const other = await mkdtemp(join(tmpdir(), 'dcloud-found-'));
    try {
      const { consortium } = await foundNetwork(other, new Date());
      expect(await acceptConfigBlock(directory, consortium.genesisBlock)).toEqual({ channel: 'dcloud', sequence: 0 });
      await expect(acceptConfigBlock(other, consortium.genesisBlock)).rejects.toThrow('joins no channel');
      await expect(acceptConfigBlock(directory, Buffer.from('no block'))).rejects.toThrow();
    } finally {
      await rm(other, { recursive: true });
    }
  }, 60_000);
});

describe('founding a network', () => {
  test('twice is the same network: ids, ports, genesis block, keys and secrets stay', async () => {
    const found = async (): Promise<FoundNetwork> => {
      const network = await foundNetwork(directory, new Date());
      await writeConfigs(directory, network);
      return network;
    };
    const first = await found();
    const credentials = await issueCredentials(directory, first);
    const configs = async () => {
      const files = await readdir(directory, { recursive: true });
      const kept = files.filter((name) => /(config\.json|rpc-token|organization-secret|priv_sk|key\.pem)$/.test(name));
      return Promise.all(kept.toSorted().map(async (name) => [name, await readFile(join(directory, name), 'utf8')]));
    };
    const before = await configs();
    expect(before.length).toBeGreaterThan(30);
    const second = await found();
    expect(second.description).toEqual(first.description);
    expect(second.consortium.genesisHash).toBe(first.consortium.genesisHash);
    expect(await issueCredentials(directory, second)).toEqual(credentials);
    expect(await configs()).toEqual(before);
  }, 60_000);

  test('keeps the time window for proposals that an operator gave the embedded ledger', async () => {
    const network = await foundNetwork(directory, new Date());
    await writeConfigs(directory, network);
    const { ledgerConfig } = layoutOf(directory);
    const written = async () => JSON.parse(await readFile(ledgerConfig, 'utf8'));
    const usual = await written();
    expect(usual).not.toHaveProperty('proposalWindowMs');
    await writeFile(ledgerConfig, JSON.stringify({ ...usual, proposalWindowMs: 900_000 }));
    await writeConfigs(directory, network);
    expect(await written()).toEqual({ ...usual, proposalWindowMs: 900_000 });
  }, 60_000);

  test('leaves every key and secret readable by its owner alone', async () => {
    const network = await foundNetwork(directory, new Date());
    await writeConfigs(directory, network);
    await issueCredentials(directory, network);
    const files = await readdir(directory, { recursive: true });
    const secret = files.filter((name) =>
      /(credentials\.json|rpc-token|secret|priv_sk|key\.pem|config\.json)$/.test(name),
    );
    expect(secret.length).toBeGreaterThan(30);
    for (const name of secret) expect([name, (await stat(join(directory, name))).mode & 0o077]).toEqual([name, 0]);
  }, 60_000);

  test('killed between issuing keys and writing them, it issues new ones and the unknown ones open nothing', async () => {
    const network = await foundNetwork(directory, new Date());
    await writeConfigs(directory, network);
    const lost = await issueCredentials(directory, network);
    await rm(join(directory, 'credentials.json'));
    const issued = await issueCredentials(directory, network);
    const home = layoutOf(directory).ofOrganization('alder');
    using store = openApiKeyStore(home.apiKeys, {
      keyedHash: keyedHash(await readFile(home.organizationSecret)),
      random: randomBytes,
      clock: { now: () => new Date() },
    });
    expect(store.verify(lost.organizations.alder?.keys.admin ?? '')).toBeUndefined();
    expect(store.verify(issued.organizations.alder?.keys.admin ?? '')).toMatchObject({ role: 'admin' });
  }, 60_000);

  test('does not guess at a description of another version', async () => {
    await writeFile(join(directory, 'network.json'), '{"v":3}');
    await expect(descriptionOf(directory)).rejects.toThrow(/Move .* away and start again/);
    expect(await readFile(join(directory, 'network.json'), 'utf8')).toBe('{"v":3}');
  });

  test('says what to do about a description that is no JSON', async () => {
    await writeFile(join(directory, 'network.json'), '{"v":1,');
    await expect(descriptionOf(directory)).rejects.toThrow(/Move .* away and start again/);
  });
});

test('a private file is replaced whole, and nothing else is left beside it', async () => {
  const file = join(directory, 'inner', 'file');
  await writePrivate(file, 'one');
  await writePrivate(file, 'two');
  expect(await readFile(file, 'utf8')).toBe('two');
  expect(await readdir(join(directory, 'inner'))).toEqual(['file']);
});

test('networks of different directories look for ports at different places, below those of connections', () => {
  const places = Array.from({ length: 500 }, (_, at) => preferredPort(`/home/somebody/${at}`));
  expect(preferredPort('/home/somebody/7')).toBe(places[7]);
  expect(new Set(places).size).toBeGreaterThan(250);
  expect(Math.min(...places)).toBeGreaterThanOrEqual(7410);
  expect(Math.max(...places)).toBeLessThan(24_000);
});
