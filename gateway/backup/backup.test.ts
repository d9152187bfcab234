import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DatasetId, VersionId } from '@d-cloud/chaincode/domain';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { JobStore } from '../jobs/job-store.ts';
import { KeyStore } from '../keys/key-store.ts';
import { readPassphrase } from '../keys/passphrase.ts';
import { type Upload, UploadJournal } from '../publish/upload-journal.ts';
import { backUp, restore } from './index.ts';
import { databases } from './parts.ts';

const passphrase = 'correct horse battery staple';
const version = `vers_${'a'.repeat(26)}` as VersionId;
const keysOf = (id: VersionId) => ({
  version: id,
  dataset: `dset_${'a'.repeat(26)}` as DatasetId,
  epoch: 1,
  contentKey: new Uint8Array(32).fill(1),
  salt: new Uint8Array(32).fill(2),
  manifest: randomBytes(300_000),
});

let directory: string;
let home: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'backup-'));
  home = join(directory, 'alder');
  file = join(directory, 'alder.backup');
  const gateway = join(home, 'gateway');
  mkdirSync(join(gateway, 'spool'), { recursive: true });
  writeFileSync(join(gateway, 'config.json'), '{}');
  writeFileSync(join(gateway, 'organization-secret'), 's'.repeat(64));
  writeFileSync(join(gateway, 'index.sqlite'), 'what the ledger gives again');
  for (const name of ['gateway', 'peer']) {
    mkdirSync(join(home, 'identities', name, 'msp', 'keystore'), { recursive: true });
    writeFileSync(join(home, 'identities', name, 'msp', 'keystore', 'priv_sk'), `the key of ${name}`);
  }
  mkdirSync(join(home, 'ca'));
  writeFileSync(join(home, 'ca', 'key.pem'), 'the key of the ca');
  writeFileSync(join(home, 'organization.json'), '{}');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const openKeys = (of = home) =>
  KeyStore.open({
    file: join(of, 'gateway', 'keys.sqlite'),
    keyFile: join(of, 'gateway', 'key-store.key'),
    random: randomBytes,
  });
const taken = () => backUp({ home, organization: 'alder', file, passphrase, now: new Date(0) });
const putBack = (wish: { file?: string; passphrase?: string; organization?: string } = {}) =>
  restore({ home, organization: 'alder', file, passphrase, ...wish });
const removeGateway = () => rmSync(join(home, 'gateway'), { recursive: true });

describe('a backup', () => {
  test('made while the gateway writes brings back every key that was kept when it began', async () => {
    const kept = keysOf(version);
    using keys = openKeys();
    keys.putVersion(kept);
    using writer = new DatabaseSync(join(home, 'gateway', 'keys.sqlite'));
    writer.exec("BEGIN IMMEDIATE; INSERT INTO meta VALUES ('half', x'00')");
    const made = await taken();
    writer.exec('ROLLBACK');
    keys.putVersion(keysOf(`vers_${'b'.repeat(26)}` as VersionId));
    expect(made.takenAt).toBe('1970-01-01T00:00:00.000Z');
    keys[Symbol.dispose]();
    writer.close();
    removeGateway();

    expect((await putBack()).restored).toEqual(['gateway']);
    using again = openKeys();
    expect(again.version(version)).toEqual({
      ...kept,
      salt: Buffer.from(kept.salt),
      contentKey: Buffer.from(kept.contentKey),
    });
    expect(again.version(`vers_${'b'.repeat(26)}` as VersionId)).toBeUndefined();
    expect(readFileSync(join(home, 'gateway', 'organization-secret'), 'utf8')).toBe('s'.repeat(64));
    expect(existsSync(join(home, 'gateway', 'index.sqlite'))).toBe(false);
    expect(readdirSync(home).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('holds every database that a gateway has and the ledger cannot give again', () => {
    const opened = ['byte-powers.ts', 'admin/administration.ts'].flatMap((name) => {
      const source = readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
      return [...source.matchAll(/(?:inData\(|config\.data, )'([^']+\.sqlite)'\)/g)].map(([, file]) => file);
    });
    expect(opened.length).toBeGreaterThan(3);
    expect(databases.map(({ name }) => name).sort()).toEqual([...new Set([...opened, 'api-keys.sqlite'])].sort());
  });

  test('leaves out an upload that is still putting blocks, and keeps one that only waits for the ledger', async () => {
    openKeys()[Symbol.dispose]();
    {
      using journal = new UploadJournal(join(home, 'gateway', 'uploads.sqlite'));
      journal[Symbol.dispose]();
    }
    const columns = (db: DatabaseSync) =>
      db
        .prepare('PRAGMA table_info(upload)')
        .all()
        .map(({ name, type }) => ({ name, type }));
    {
      using db = new DatabaseSync(join(home, 'gateway', 'uploads.sqlite'));
      for (const [at, state] of (['putting', 'placed'] satisfies Upload['state'][]).entries()) {
        const values = columns(db).map(({ name, type }) =>
          name === 'state'
            ? state
            : name === 'version'
              ? `v${at}`
              : type === 'INTEGER'
                ? at
                : type === 'BLOB'
                  ? new Uint8Array(1)
                  : String(at),
        );
        db.prepare(`INSERT INTO upload VALUES (${values.map(() => '?').join(', ')})`).run(...values);
      }
    }
    await taken();
    removeGateway();
    await putBack();
    using db = new DatabaseSync(join(home, 'gateway', 'uploads.sqlite'));
    expect(db.prepare('SELECT version FROM upload').all()).toEqual([{ version: 'v1' }]);
  });

  test('tells nothing of what it holds: neither names nor keys stand in it', async () => {
    openKeys()[Symbol.dispose]();
    new JobStore(join(home, 'gateway', 'jobs.sqlite'))[Symbol.dispose]();
    await taken();
    const bytes = readFileSync(file);
    for (const secret of [
      'priv_sk',
      'the key of',
      's'.repeat(64),
      readFileSync(join(home, 'gateway', 'key-store.key'), 'utf8'),
      'SQLite format',
    ])
      expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(passphrase)).toBe(false);
    await expect(taken()).rejects.toThrow('is there already');
  });

  test('of a gateway whose key file does not open its key store is not made', async () => {
    openKeys()[Symbol.dispose]();
    writeFileSync(join(home, 'gateway', 'key-store.key'), '0'.repeat(64), { mode: 0o600 });
    await expect(taken()).rejects.toThrow('does not open this key store');
    expect(readdirSync(directory)).toEqual(['alder']);
  });
});

describe('restoring', () => {
  beforeEach(async () => {
    openKeys()[Symbol.dispose]();
    await taken();
  });
  const untouched = () => expect(readdirSync(home).sort()).toEqual(['ca', 'identities', 'organization.json']);

  test('is refused where a gateway is, and leaves it as it is', async () => {
    const before = readFileSync(join(home, 'gateway', 'keys.sqlite'));
    await expect(putBack()).rejects.toThrow('nothing is written over');
    expect(readFileSync(join(home, 'gateway', 'keys.sqlite'))).toEqual(before);
  });

  test('brings back a lost identity and keeps one that was renewed since', async () => {
    removeGateway();
    rmSync(join(home, 'identities', 'peer'), { recursive: true });
    const renewed = join(home, 'identities', 'gateway', 'msp', 'keystore', 'priv_sk');
    writeFileSync(renewed, 'renewed');
    const { restored, kept } = await putBack();
    expect(restored.toSorted()).toEqual(['gateway', 'identities/peer']);
    expect(kept.toSorted()).toEqual(['ca', 'identities/gateway', 'organization.json']);
    expect(readFileSync(renewed, 'utf8')).toBe('renewed');
  });

  test('brings back a whole organization where nothing is left', async () => {
    rmSync(home, { recursive: true });
    await putBack();
    expect(readFileSync(join(home, 'ca', 'key.pem'), 'utf8')).toBe('the key of the ca');
    openKeys()[Symbol.dispose]();
  });

  test('with another passphrase, or for another organization, is refused in a sentence', async () => {
    removeGateway();
    await expect(putBack({ passphrase: `${passphrase}!` })).rejects.toThrow(
      'This passphrase does not open this backup.',
    );
    await expect(putBack({ organization: 'birch' })).rejects.toThrow('This is a backup of alder, not of birch.');
    untouched();
  });

  test('from a file that is cut off or altered puts back nothing', async () => {
    removeGateway();
    const whole = readFileSync(file);
    const altered = join(directory, 'altered');
    const flipped = Buffer.from(whole);
    flipped[whole.length - 1]! ^= 1;
    const earlier = Buffer.from(whole.toString('latin1').replace('1970-01-01', '1969-01-01'), 'latin1');
    for (const bytes of [whole.subarray(0, whole.length - 1), flipped, earlier]) {
      writeFileSync(altered, bytes);
      await expect(putBack({ file: altered })).rejects.toThrow('was cut off or altered: nothing of it is used');
      untouched();
    }
    writeFileSync(altered, 'a letter');
    await expect(putBack({ file: altered })).rejects.toThrow('This file is not a backup of a gateway.');
    writeFileSync(altered, whole.toString('latin1').replace('"v":1', '"v":2'), 'latin1');
    await expect(putBack({ file: altered })).rejects.toThrow('of version 2, which this program cannot read');
    untouched();
  });

  test('does the same from a copy of the file elsewhere', async () => {
    removeGateway();
    cpSync(file, join(directory, 'copy'));
    await putBack({ file: join(directory, 'copy') });
    openKeys()[Symbol.dispose]();
  });
});

describe('a passphrase file', () => {
  const at = () => join(directory, 'passphrase');

  test('is read to the end of its first line', async () => {
    writeFileSync(at(), `${passphrase}\n`, { mode: 0o600 });
    expect(await readPassphrase(at())).toBe(passphrase);
  });

  test.each([
    ['that others may read', passphrase, 0o644, 'mode 0600'],
    ['with a short passphrase', 'short', 0o600, 'at least 12'],
    ['that is empty', '', 0o600, 'at least 12'],
  ])('%s is refused', async (_, text, mode, told) => {
    writeFileSync(at(), text);
    chmodSync(at(), mode);
    await expect(readPassphrase(at())).rejects.toThrow(told);
  });
});
