/** The key file under a passphrase: minted so, put there later, taken out again, and refused wherever file and passphrase do not belong together. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KeyProtection } from './key-protection.ts';
import { KeyStore } from './key-store.ts';
import { readPassphrase } from './passphrase.ts';
import { passphraseProtection } from './passphrase-protection.ts';
import { protectKeyFile } from './protect-key-file.ts';

let directory: string;
let keyFile: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'protect-'));
  keyFile = join(directory, 'key-store.key');
});
afterEach(() => rmSync(directory, { recursive: true }));

const horse = passphraseProtection('correct horse battery staple', randomBytes);
const other = passphraseProtection('another horse battery staple', randomBytes);
const secretIn = (protection?: KeyProtection) => {
  using store = KeyStore.open({ file: join(directory, 'keys.sqlite'), keyFile, random: randomBytes, protection });
  return store.secret('agreement');
};
const protect = (from: KeyProtection | undefined, to: KeyProtection | undefined) =>
  protectKeyFile({ keyFile, from: async () => from, to });

test('a key file is minted under the passphrase that the configuration names, and opens with it alone', () => {
  const secret = secretIn(horse);
  expect(JSON.parse(readFileSync(keyFile, 'utf8'))).toMatchObject({ v: 1, under: 'passphrase' });
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect(secretIn(horse)).toEqual(secret);
  expect(() => secretIn(other)).toThrow('The passphrase does not open the key file');
  expect(() => secretIn()).toThrow('under a passphrase, and keyStore.passphraseFile');
});

test('a plain key file goes under a passphrase, under another one and back, and opens the same store throughout', async () => {
  const secret = secretIn();
  const key = readFileSync(keyFile, 'utf8');
  expect(() => secretIn(horse)).toThrow('dcloud keys protect --passphrase-file');

  await protect(undefined, horse);
  expect(readFileSync(keyFile, 'utf8')).not.toContain(key.trim());
  expect(secretIn(horse)).toEqual(secret);

  await protect(horse, other);
  expect(() => secretIn(horse)).toThrow('does not open');
  expect(secretIn(other)).toEqual(secret);

  await protect(other, undefined);
  expect(readFileSync(keyFile, 'utf8')).toBe(key);
  expect(readdirSync(directory).toSorted()).toEqual(['key-store.key', 'keys.sqlite']);
});

test('whoever was interrupted before the configuration said so asks again', async () => {
  const secret = secretIn();
  await protect(undefined, horse);
  await protect(undefined, horse);
  expect(secretIn(horse)).toEqual(secret);
});

test('a key file that neither passphrase opens stays as it is', async () => {
  secretIn(horse);
  const before = readFileSync(keyFile);
  await expect(protect(other, undefined)).rejects.toThrow('does not open');
  await expect(protect(undefined, other)).rejects.toThrow('keyStore.passphraseFile');
  expect(readFileSync(keyFile)).toEqual(before);
});

test('a key file that was altered, cut or is none opens nothing', () => {
  secretIn(horse);
  const text = readFileSync(keyFile, 'utf8');
  const file = JSON.parse(text);
  for (const part of ['salt', 'iv', 'sealed']) {
    const bytes = Buffer.from(file[part], 'base64');
    bytes[0]! ^= 1;
    writeFileSync(keyFile, JSON.stringify({ ...file, [part]: bytes.toString('base64') }));
    expect(() => secretIn(horse)).toThrow('altered');
  }
  for (const wrong of [
    text.slice(0, 40),
    JSON.stringify({ ...file, v: 2 }),
    JSON.stringify({ ...file, sealed: file.iv }),
    ' '.repeat(5_000),
  ]) {
    writeFileSync(keyFile, wrong);
    expect(() => secretIn(horse)).toThrow('of a form that this program knows');
  }
});

test('a passphrase file that others may read, or that is short, is refused', async () => {
  const file = join(directory, 'passphrase');
  writeFileSync(file, 'correct horse battery staple\n', { mode: 0o600 });
  expect(await readPassphrase(file)).toBe('correct horse battery staple');
  chmodSync(file, 0o640);
  await expect(readPassphrase(file)).rejects.toThrow('0600');
  chmodSync(file, 0o600);
  writeFileSync(file, 'short\n');
  await expect(readPassphrase(file)).rejects.toThrow('12 characters');
});
