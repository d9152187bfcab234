import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ApiKeyStore, openApiKeyStore } from './api-keys.ts';
import { keyedHash } from './keyed-hash.ts';

describe('API keys', () => {
  let directory: string;
  let file: string;
  let now: Date;
  let store: ApiKeyStore;
  const powers = { keyedHash: keyedHash(new Uint8Array(32).fill(7)), random: randomBytes, clock: { now: () => now } };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'api-keys-'));
    file = join(directory, 'api-keys.sqlite');
    now = new Date('2026-01-31T12:00:00Z');
    store = openApiKeyStore(file, powers);
  });
  afterEach(() => {
    store[Symbol.dispose]();
    rmSync(directory, { recursive: true });
  });

  test('a key opens under its name and role, and its secret is nowhere in the store', () => {
    const { secretKey, id } = store.issue({ name: 'Ada', role: 'data-team' });
    expect(secretKey).toMatch(/^dck_[a-z2-7]{16}_[A-Za-z0-9_-]{43}$/);
    expect(store.verify(secretKey)).toMatchObject({ id, name: 'Ada', role: 'data-team' });
    store[Symbol.dispose]();
    const secret = secretKey.slice(21);
    expect(readFileSync(file).includes(secret)).toBe(false);
    store = openApiKeyStore(file, powers);
    expect(store.verify(secretKey)?.id).toBe(id);
  });

  test('nothing but the whole key opens', () => {
    const { secretKey } = store.issue({ name: 'Ada', role: 'admin' });
    const other = store.issue({ name: 'Bob', role: 'admin' }).secretKey;
    const flipped = secretKey.slice(0, -1) + (secretKey.endsWith('A') ? 'B' : 'A');
    const swapped = secretKey.slice(0, 21) + other.slice(21);
    for (const wrong of ['', 'dck_', flipped, swapped, secretKey.toUpperCase(), `${secretKey}A`, ` ${secretKey}`]) {
      expect(store.verify(wrong)).toBeUndefined();
    }
  });

  test('a store under another organization secret opens with none of its keys', () => {
    const { secretKey } = store.issue({ name: 'Ada', role: 'admin' });
    using foreign = openApiKeyStore(file, { ...powers, keyedHash: keyedHash(new Uint8Array(32).fill(8)) });
    expect(foreign.verify(secretKey)).toBeUndefined();
  });

  test('a name has two live keys, so that they can be changed without a gap, and no third', () => {
    const first = store.issue({ name: 'Ada', role: 'admin' });
    const second = store.rotate(first.id);
    expect(store.verify(first.secretKey)).toBeDefined();
    expect(store.verify(second.secretKey)).toBeDefined();
    expect(() => store.rotate(first.id)).toThrow('Ada has two live keys');
    expect(store.revoke(first.id)).toBe(true);
    expect(store.verify(first.secretKey)).toBeUndefined();
    expect(store.revoke(first.id)).toBe(false);
    expect(() => store.rotate(second.id)).not.toThrow();
  });

  test('an expired key does not open and does not count', () => {
    const { secretKey } = store.issue({ name: 'Ada', role: 'admin', expiresAt: new Date(now.getTime() + 1_000) });
    expect(store.verify(secretKey)).toBeDefined();
    now = new Date(now.getTime() + 1_000);
    expect(store.verify(secretKey)).toBeUndefined();
    store.issue({ name: 'Ada', role: 'admin' });
    expect(() => store.issue({ name: 'Ada', role: 'admin' })).not.toThrow();
  });

  test('the list says when a key was last used, to the minute', () => {
    const { secretKey, id } = store.issue({ name: 'Ada', role: 'admin' });
    store.verify(secretKey);
    now = new Date(now.getTime() + 30_000);
    store.verify(secretKey);
    expect(store.list()).toMatchObject([{ id, lastUsedAt: '2026-01-31T12:00:00.000Z' }]);
    now = new Date(now.getTime() + 60_000);
    store.verify(secretKey);
    expect(store.list()).toMatchObject([{ id, lastUsedAt: '2026-01-31T12:01:30.000Z' }]);
  });

  test('a damaged store is named and left as it is', () => {
    const damaged = join(directory, 'damaged.sqlite');
    writeFileSync(damaged, 'not a database'.padEnd(4096));
    expect(() => openApiKeyStore(damaged, powers)).toThrow(`the API key store ${damaged} cannot be read`);
    expect(readFileSync(damaged).length).toBe(4096);
  });

  test('names that would break a log line are refused', () => {
    for (const name of ['', 'a\nb', '\u202eevil', 'x'.repeat(65), '<script>']) {
      expect(() => store.issue({ name, role: 'admin' })).toThrow('A key name');
    }
  });
});
