/** The key file under an AES key of a real PKCS #11 token: SoftHSM's, where it is installed. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import koffi from 'koffi';
import { openKeyProtection } from './key-protection.ts';
import { KeyStore } from './key-store.ts';
import { checkTries } from './pkcs11.ts';
import { protectKeyFile } from './protect-key-file.ts';
import { makeTokenKey } from './token-protection.ts';

const module = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
].find((path) => existsSync(path));

test('a PIN is not tried where a wrong one would lock the token', () => {
  expect(() => checkTries('safe', 0x1_042dn)).not.toThrow();
  expect(() => checkTries('safe', 0x2_042dn)).toThrow('log in once');
  expect(() => checkTries('safe', 0x4_042dn)).toThrow('log in once');
});

if (module === undefined) test.skip('left out: there is no SoftHSM here (Debian: softhsm2)', () => undefined);
else
  describe('a key file under a key of a token', () => {
    let directory: string;
    // The module asks the C library, which knows nothing of what Jest's own environment is given.
    const libc = koffi.load('libc.so.6');
    const setenv = libc.func('setenv', 'int', ['str', 'str', 'int']);
    const unsetenv = libc.func('unsetenv', 'int', ['str']);
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'token-'));
      mkdirSync(join(directory, 'tokens'));
      const conf = join(directory, 'softhsm2.conf');
      writeFileSync(conf, `directories.tokendir = ${join(directory, 'tokens')}\nobjectstore.backend = file\n`);
      setenv('SOFTHSM2_CONF', conf, 1);
      const init = ['--init-token', '--free', '--label', 'safe', '--so-pin', '12345678', '--pin', '8765'];
      execFileSync('softhsm2-util', init, { stdio: 'ignore', env: { ...process.env, SOFTHSM2_CONF: conf } });
      writeFileSync(join(directory, 'pin'), '8765\n', { mode: 0o600 });
      writeFileSync(join(directory, 'wrong-pin'), '0000\n', { mode: 0o600 });
      writeFileSync(join(directory, 'open-pin'), '8765\n', { mode: 0o644 });
    });
    afterAll(() => {
      unsetenv('SOFTHSM2_CONF');
      rmSync(directory, { recursive: true });
    });

    const settings = (change: { tokenLabel?: string; keyLabel?: string; pin?: string; module?: string } = {}) => ({
      module: change.module ?? module,
      tokenLabel: change.tokenLabel ?? 'safe',
      keyLabel: change.keyLabel ?? 'd-cloud',
      pinFile: join(directory, change.pin ?? 'pin'),
    });
    const secretUnder = async (change?: Parameters<typeof settings>[0]) => {
      using store = KeyStore.open({
        file: join(directory, 'keys.sqlite'),
        keyFile: join(directory, 'key-store.key'),
        random: randomBytes,
        protection: await openKeyProtection({ pkcs11: settings(change) }, randomBytes),
      });
      return store.secret('agreement');
    };

    test('opens with that token, that key and its PIN alone, and goes back to a plain one', async () => {
      await expect(secretUnder()).rejects.toThrow('has no AES-256 key labelled d-cloud');
      await makeTokenKey(settings());
      await makeTokenKey(settings());
      const secret = await secretUnder();
      const keyFile = join(directory, 'key-store.key');
      const text = readFileSync(keyFile, 'utf8');
      expect(JSON.parse(text)).toMatchObject({ v: 1, under: 'pkcs11' });
      expect(await secretUnder()).toEqual(secret);

      await makeTokenKey(settings({ keyLabel: 'another' }));
      for (const [change, told] of [
        [{ keyLabel: 'another' }, "The token's key does not open the key file"],
        [{ tokenLabel: 'nowhere' }, 'no token labelled nowhere'],
        [{ pin: 'wrong-pin' }, 'CKR_PIN_INCORRECT to C_Login'],
        [{ pin: 'open-pin' }, '0600'],
        [{ module: keyFile }, 'cannot be loaded as a PKCS #11 module'],
      ] as const)
        await expect(secretUnder(change)).rejects.toThrow(told);

      const sealed = Buffer.from(JSON.parse(text).sealed, 'base64');
      sealed[0]! ^= 1;
      writeFileSync(keyFile, JSON.stringify({ ...JSON.parse(text), sealed: sealed.toString('base64') }));
      await expect(secretUnder()).rejects.toThrow('altered');
      writeFileSync(keyFile, text);

      const from = () => openKeyProtection({ pkcs11: settings() }, randomBytes);
      await protectKeyFile({ keyFile, from, to: undefined });
      using plain = KeyStore.open({ file: join(directory, 'keys.sqlite'), keyFile, random: randomBytes });
      expect(plain.secret('agreement')).toEqual(secret);
    });
  });
