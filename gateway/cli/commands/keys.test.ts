import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { keyedHash, openApiKeyStore } from '../../auth/index.ts';
import { writeConfigs } from '../../supervisor/configs.ts';
import { foundNetwork, issueCredentials } from '../../supervisor/found.ts';
import { layoutOf } from '../../supervisor/index.ts';
import type { Output } from '../output.ts';
import { Session, type SessionOptions } from '../session.ts';
import { addKeyCommands } from './keys.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-keys-'));
  const network = await foundNetwork(directory, new Date());
  await writeConfigs(directory, network);
  await issueCredentials(directory, network);
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

type Told = { id: string; key: string; keys: { id: string; name: string; revokedAt?: string; expiresAt?: string }[] };

/** Types `key …` and gives the result's object. */
async function key(words: readonly string[], who: Partial<SessionOptions> = { as: 'alder' }): Promise<Told> {
  const results: unknown[] = [];
  const output = { result: (value: unknown) => results.push(value) } as unknown as Output;
  const options = () => ({ directory, ...who });
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addKeyCommands(program, new Session(options, () => output), options);
  await program.parseAsync(['key', ...words], { from: 'user' });
  return results[0] as Told;
}

/** What alder's gateway, which has the same store open, says of a key. */
async function atTheGateway(secretKey: string) {
  const home = layoutOf(directory).ofOrganization('alder');
  using store = openApiKeyStore(home.apiKeys, {
    keyedHash: keyedHash(await readFile(home.organizationSecret)),
    random: () => new Uint8Array(32),
    clock: { now: () => new Date() },
  });
  return store.verify(secretKey);
}

describe('keys from the command line', () => {
  test('open at the gateway until they are revoked, two at a time for one name', async () => {
    const role = { as: 'alder', role: 'compliance' };
    const first = await key(['issue', 'Ada'], role);
    expect(await atTheGateway(first.key)).toMatchObject({ name: 'Ada', role: 'compliance' });
    const second = await key(['rotate', first.id]);
    expect(await atTheGateway(first.key)).toBeDefined();
    expect(await atTheGateway(second.key)).toMatchObject({ name: 'Ada', role: 'compliance' });
    await expect(key(['issue', 'Ada'], role)).rejects.toThrow('two live keys');
    await key(['revoke', first.id]);
    expect(await atTheGateway(first.key)).toBeUndefined();
    await expect(key(['revoke', first.id])).rejects.toThrow(/no live key .*key list/);
  });

  test('are listed without their secrets', async () => {
    const { key: secret } = await key(['issue', 'Bob', '--days', '3'], { as: 'alder', role: 'data-team' });
    const listed = await key(['list']);
    const bob = listed.keys.find(({ name }) => name === 'Bob');
    expect(Date.parse(bob?.expiresAt ?? '') - Date.now()).toBeLessThanOrEqual(3 * 86_400_000);
    expect(JSON.stringify(listed)).not.toContain(secret.slice(21));
  });

  test('need an organization of this network and one of its roles', async () => {
    await expect(key(['issue', 'Eve'])).rejects.toThrow(/--role: data-team, compliance/);
    await expect(key(['issue', 'Eve'], { as: 'alder', role: 'gateway' })).rejects.toThrow(/--role/);
    await expect(key(['list'], {})).rejects.toThrow(/--as alder\|birch\|cedar/);
    await expect(key(['list'], { as: '../birch' })).rejects.toThrow(/one of alder, birch, cedar/);
    await expect(key(['issue', 'Eve', '--days', '0'], { as: 'alder', role: 'admin' })).rejects.toThrow(/whole number/);
  });
});
