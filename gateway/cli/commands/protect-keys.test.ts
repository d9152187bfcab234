/** `dcloud keys protect` on a gateway that is down, as an operator types it: what is said stays said when configurations are written anew, and in backups. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import koffi from 'koffi';
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

describe('a key of a token that is not to be had', () => {
  const ofToken = (change: Readonly<Record<string, string>> = {}) => {
    const options = {
      pkcs11: join(directory, 'token.so'),
      token: 'safe',
      key: 'd-cloud',
      'pin-file': join(directory, 'pin'),
    };
    return Object.entries({ ...options, ...change }).flatMap(([name, value]) =>
      value === '' ? [] : [`--${name}`, value],
    );
  };
  const protect = (change?: Readonly<Record<string, string>>, ...more: readonly string[]) =>
    type('keys', 'protect', ...ofToken(change), ...more);

  test('is said in one plain sentence, with no PIN in it, and leaves the gateway’s keys as they were', async () => {
    const secret = await secretAtStart();
    const pin = join(directory, 'pin');
    await writeFile(pin, '8765\n', { mode: 0o600 });
    await writeFile(join(directory, 'no-module.so'), 'this is no library');
    for (const missing of ['token', 'key', 'pin-file'])
      await expect(protect({ [missing]: '' })).rejects.toThrow(
        '--pkcs11 needs --token <label>, --key <label> and --pin-file <file>.',
      );
    for (const name of ['token.so', 'no-module.so'])
      for (const makeKey of [[], ['--make-key']])
        await expect(protect({ pkcs11: join(directory, name) }, ...makeKey)).rejects.toThrow(
          new RegExp(`^${join(directory, name)} cannot be loaded as a PKCS #11 module\\.$`),
        );
    await chmod(pin, 0o644);
    await expect(protect()).rejects.toThrow('0600');
    await rm(pin);
    await expect(protect()).rejects.toThrow(pin);
    expect((await gatewayConfigIfThere(directory, 'alder'))?.keyStore).toBeUndefined();
    expect(await secretAtStart()).toEqual(secret);
  });

  const module = ['/usr/lib/softhsm', '/usr/lib/x86_64-linux-gnu/softhsm', '/usr/lib/aarch64-linux-gnu/softhsm']
    .map((folder) => join(folder, 'libsofthsm2.so'))
    .find((path) => existsSync(path));
  const withToken = module === undefined ? test.skip : test;

  withToken(
    'is said too where the module is there; with the token there the gateway’s keys go under it and back',
    async () => {
      const secret = await secretAtStart();
      const conf = join(directory, 'softhsm2.conf');
      await mkdir(join(directory, 'tokens'));
      await writeFile(conf, `directories.tokendir = ${join(directory, 'tokens')}\nobjectstore.backend = file\n`);
      await writeFile(join(directory, 'pin'), '8765\n', { mode: 0o600 });
      // The module asks the C library, which knows nothing of what Jest's own environment is given.
      koffi.load('libc.so.6').func('setenv', 'int', ['str', 'str', 'int'])('SOFTHSM2_CONF', conf, 1);
      const softHsm = { pkcs11: module! };
      await expect(protect(softHsm, '--make-key')).rejects.toThrow(/^The module has no token labelled safe\.$/);
      const init = ['--init-token', '--free', '--label', 'safe', '--so-pin', '12345678', '--pin', '8765'];
      execFileSync('softhsm2-util', init, { stdio: 'ignore', env: { ...process.env, SOFTHSM2_CONF: conf } });
      await expect(protect(softHsm)).rejects.toThrow('has no AES-256 key labelled d-cloud');
      expect(await protect(softHsm, '--make-key')).toMatchObject({ keyStore: { pkcs11: { tokenLabel: 'safe' } } });
      expect(await readFile(join(home().gateway, 'key-store.key'), 'utf8')).toContain('"under":"pkcs11"');
      expect(await secretAtStart()).toEqual(secret);
      await type('keys', 'protect', '--plain');
      expect(await secretAtStart()).toEqual(secret);
    },
  );
});

test('a recovery is told of one protection, wholly, before it looks at anything else', async () => {
  const recover = (...words: readonly string[]) => type('keys', 'recover', '--recovery-key', 'absent.key', ...words);
  await expect(recover('--plain', '--passphrase-file', 'a')).rejects.toThrow('Say one of');
  await expect(recover('--pin-file', 'a')).rejects.toThrow('Say one of');
  await expect(recover('--pkcs11', 'a.so', '--token', 'alder')).rejects.toThrow('--pkcs11 needs');
  for (const said of [[], ['--passphrase-file', 'a'], ['--plain']])
    await expect(recover(...said)).rejects.toThrow('absent.key cannot be read');
});
