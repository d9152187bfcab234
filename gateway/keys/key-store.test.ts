import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DatasetId, JobId, VersionId } from '@d-cloud/chaincode/domain';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KeyStore, type VersionKeys } from './key-store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keys-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () =>
  KeyStore.open({
    file: join(directory, 'keys.sqlite'),
    keyFile: join(directory, 'key-store.key'),
    random: (bytes) => randomBytes(bytes),
  });

const keysOf = (version: string, epoch = 1): VersionKeys => ({
  version: version as VersionId,
  dataset: 'dset_a' as DatasetId,
  epoch,
  contentKey: randomBytes(32),
  salt: randomBytes(32),
  manifest: Buffer.from(`manifest of ${version}`),
});

const plain = ({ contentKey, salt, manifest, ...rest }: VersionKeys) => ({
  ...rest,
  contentKey: Buffer.from(contentKey),
  salt: Buffer.from(salt),
  manifest: Buffer.from(manifest),
});

describe('a key store', () => {
  test('gives after a restart what was put before it', () => {
    const [first, second] = [keysOf('vers_a'), keysOf('vers_b', 2)];
    {
      using store = open();
      store.putVersion(first);
      store.putVersion(second);
    }
    using store = open();
    expect(store.version(first.version)).toEqual(plain(first));
    expect(store.version(second.version)).toEqual(plain(second));
    expect(store.version('vers_c' as VersionId)).toBeUndefined();
  });

  test('holds no key, salt or manifest in the clear', () => {
    const keys = keysOf('vers_a');
    {
      using store = open();
      store.putVersion(keys);
    }
    const bytes = Buffer.concat(
      readdirSync(directory)
        .filter((name) => name.startsWith('keys.sqlite'))
        .map((name) => readFileSync(join(directory, name))),
    );
    expect(bytes.length).toBeGreaterThan(4096);
    for (const secret of [keys.contentKey, keys.salt, keys.manifest]) {
      expect(bytes.includes(Buffer.from(secret))).toBe(false);
    }
  });

  test('takes the same keys twice and refuses others over them', () => {
    using store = open();
    const keys = keysOf('vers_a');
    store.putVersion(keys);
    expect(() => store.putVersion(keys)).not.toThrow();
    expect(() => store.putVersion({ ...keys, contentKey: randomBytes(32) })).toThrow('already kept');
    expect(store.version(keys.version)).toEqual(plain(keys));
  });

  test("keeps a job's secrets and the organization's own, and forgets what was never published", () => {
    const job = {
      job: 'job_a' as JobId,
      outputVersion: 'vers_out' as VersionId,
      contentKey: Buffer.from(randomBytes(32)),
      rowSaltSecret: Buffer.from(randomBytes(32)),
    };
    let secret: Buffer;
    {
      using store = open();
      store.putJob(job);
      store.putVersion(keysOf('vers_a'));
      store.forgetVersion('vers_a' as VersionId);
      secret = store.secret('agreement');
      expect(store.secret('another')).not.toEqual(secret);
    }
    using store = open();
    expect(store.job(job.job)).toEqual(job);
    expect(store.version('vers_a' as VersionId)).toBeUndefined();
    expect(store.secret('agreement')).toEqual(secret);
  });

  test('is refused with another key file, and never gets a new one beside it', () => {
    open()[Symbol.dispose]();
    const keyFile = join(directory, 'key-store.key');
    const key = readFileSync(keyFile, 'utf8');
    writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 });
    expect(open).toThrow('does not open this key store');
    rmSync(keyFile);
    expect(open).toThrow('missing');
    expect(readdirSync(directory)).not.toContain('key-store.key');
    writeFileSync(keyFile, key, { mode: 0o600 });
    expect(() => open()[Symbol.dispose]()).not.toThrow();
  });

  test('is refused while others may read its key file', () => {
    open()[Symbol.dispose]();
    chmodSync(join(directory, 'key-store.key'), 0o640);
    expect(open).toThrow('0600');
  });

  test('says that keys are destroyed when they are gone from the log too, and not while a backup reads', () => {
    using store = open();
    const logBytes = () => statSync(join(directory, 'keys.sqlite-wal')).size;
    for (const version of ['vers_a', 'vers_b', 'vers_c']) store.putVersion(keysOf(version));
    const reading = { kind: 'unavailable', message: expect.stringContaining('in its log') };
    {
      using backup = new DatabaseSync(join(directory, 'keys.sqlite'), { readOnly: true });
      backup.exec('BEGIN');
      backup.prepare('SELECT count(*) FROM version_key').get();
      expect(() => store.destroy(['vers_a' as VersionId])).toThrow(expect.objectContaining(reading));
      // Again, though there is no row left to delete.
      expect(() => store.destroy(['vers_a' as VersionId])).toThrow(expect.objectContaining(reading));
      expect(logBytes()).toBeGreaterThan(0);
    }
    store.destroy(['vers_a' as VersionId]);
    expect(logBytes()).toBe(0);
    {
      using backup = new DatabaseSync(join(directory, 'keys.sqlite'), { readOnly: true });
      backup.exec('BEGIN');
      backup.prepare('SELECT count(*) FROM version_key').get();
      // Nothing waits for these: a version that was sealed anew, an upload that came to nothing.
      store.replaceVersion(keysOf('vers_b'));
      store.forgetVersion('vers_c' as VersionId);
      expect(() => store.forgetOnDisk()).toThrow(expect.objectContaining(reading));
    }
    store.forgetOnDisk();
    expect(logBytes()).toBe(0);
  });

  test('lists releases, the newest first', () => {
    using store = open();
    for (const outcome of ['released', 'refused'] as const) {
      store.logRelease({
        at: '2026-01-01T00:00:00Z',
        caller: 'BirchMSP',
        node: 'comp_a',
        against: 'job_a:0:1',
        outcome,
        detail: '',
      });
    }
    expect(store.releases(10).map(({ outcome }) => outcome)).toEqual(['refused', 'released']);
  });
});
