/** `dcloud keys protect` on a gateway that is down, as an operator types it: what is said stays said when configurations are written anew, and in backups. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { KeyStore, openKeyProtection } from '../../keys/index.ts';
import { writeConfigs } from '../../supervisor/configs.ts';
import { foundNetwork, issueCredentials } from '../../supervisor/found.ts';
import { gatewayConfigIfThere, layoutOf } from '../../supervisor/index.ts';
import type { Output } from '../output.ts';
import { Session } from '../session.ts';
import { addBackupCommands } from './backup.ts';
import { addEncryptionKeyCommands } from './encryption-keys.ts';

let directory: string;
let network: Awaited<ReturnType<typeof foundNetwork>>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-protect-'));
  network = await foundNetwork(directory, new Date());
  await writeConfigs(directory, network);
  await issueCredentials(directory, network);
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

/** Types a command of Alder's and gives the result's object. */
async function type(...words: readonly string[]): Promise<unknown> {
  const results: unknown[] = [];
  const output = { result: (value: unknown) => results.push(value) } as unknown as Output;
  const options = () => ({ directory, as: 'alder' });
  const session = new Session(options, () => output);
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addEncryptionKeyCommands(program, session, options);
  addBackupCommands(program, session, options);
  await program.parseAsync(words, { from: 'user' });
  return results[0];
}

const home = () => layoutOf(directory).ofOrganization('alder');

/** As the gateway does when it starts. */
async function secretAtStart(): Promise<Buffer> {
  const config = await gatewayConfigIfThere(directory, 'alder');
  using store = KeyStore.open({
    file: join(home().gateway, 'keys.sqlite'),
    keyFile: join(home().gateway, 'key-store.key'),
    random: randomBytes,
    protection: await openKeyProtection(config!.keyStore, randomBytes),
  });
  return store.secret('agreement');
}

test('protecting the keys of a gateway outlasts its next start, is in its backups, and is taken back', async () => {
  const secret = await secretAtStart();
  const passphraseFile = join(directory, 'alder.passphrase');
  await writeFile(passphraseFile, 'correct horse battery staple\n', { mode: 0o600 });
  await expect(type('keys', 'protect')).rejects.toThrow('--plain');
  await expect(type('keys', 'protect', '--plain', '--passphrase-file', passphraseFile)).rejects.toThrow('one of');

  expect(await type('keys', 'protect', '--passphrase-file', passphraseFile)).toMatchObject({
    keyStore: { passphraseFile },
  });
  await writeConfigs(directory, network);
  expect(await secretAtStart()).toEqual(secret);
  expect(await readFile(join(home().gateway, 'key-store.key'), 'utf8')).toContain('"under":"passphrase"');

  const backup = join(directory, 'alder.backup');
  await type('backup', '-o', backup, '--passphrase-file', passphraseFile);
  await rm(home().gateway, { recursive: true });
  await type('restore', backup, '--passphrase-file', passphraseFile);
  expect(await secretAtStart()).toEqual(secret);

  await type('keys', 'protect', '--plain');
  expect((await gatewayConfigIfThere(directory, 'alder'))?.keyStore).toBeUndefined();
  await rm(passphraseFile);
  expect(await secretAtStart()).toEqual(secret);
}, 60_000);
