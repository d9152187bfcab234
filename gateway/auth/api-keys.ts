/**
 * API keys `dck_<id>_<secret>`. Only HMAC-SHA-256(organization secret, id, secret) is kept, so a copied store opens nothing.
 * A name (the person or program the key is for) has at most two live keys: enough to change keys without a gap.
 */
import { timingSafeEqual } from 'node:crypto';
import { Fault } from '@d-cloud/network/ledger';
import { Database } from '../database.ts';
import { isRole, type Role } from './scopes.ts';

export type IssuedKey = { readonly id: string; readonly name: string; readonly role: Role; readonly secretKey: string };
export type KeyEntry = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  readonly lastUsedAt?: string;
  readonly revokedAt?: string;
};

export type ApiKeyStore = Disposable & {
  /** Issues a key; the only time its secret is seen. */
  issue(key: { readonly name: string; readonly role: Role; readonly expiresAt?: Date }): IssuedKey;
  revoke(id: string): boolean;
  /** Issues a second key for the name and role of an old one, which stays live until it is revoked. */
  rotate(id: string): IssuedKey;
  list(): readonly KeyEntry[];
  /** The key's entry when id and secret are right, and it is neither revoked nor expired. */
  verify(presented: string): KeyEntry | undefined;
};

/** The store cannot do what it was asked: a name has two live keys already, or an id is unknown. */
export class ApiKeyRefused extends Error {
  override readonly name = 'ApiKeyRefused';
}

export type ApiKeyPowers = {
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly clock: { now(): Date };
};

const presentedForm = /^dck_([a-z2-7]{16})_([A-Za-z0-9_-]{43})$/;
const lastUsedGrainMs = 60_000;

/** Opens (and makes, when new) the store in one SQLite file; several processes may have it open. */
export function openApiKeyStore(file: string, { keyedHash, random, clock }: ApiKeyPowers): ApiKeyStore {
  const db = openStore(file);
  const insert = db.prepare(
    'INSERT INTO api_key (id, name, role, hash, issued_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const byId = db.prepare('SELECT * FROM api_key WHERE id = ?');
  const all = db.prepare('SELECT * FROM api_key ORDER BY issued_at, id');
  const live = db.prepare(
    'SELECT count(*) AS n FROM api_key WHERE name = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)',
  );
  const setRevoked = db.prepare('UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL');
  const setUsed = db.prepare('UPDATE api_key SET last_used_at = ? WHERE id = ?');
  const hashOf = (id: string, secret: string) => keyedHash('api-key', id, secret);
  const nobody = hashOf('', '');

  const store: ApiKeyStore = {
    issue({ name, role, expiresAt }) {
      if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u.test(name))
        throw new ApiKeyRefused('A key name has 1 to 64 letters, digits, or " ._@-".');
      if (!isRole(role)) throw new ApiKeyRefused(`There is no role ${String(role)}.`);
      const id = base32(random(10));
      const secret = Buffer.from(random(32)).toString('base64url');
      const now = clock.now().toISOString();
      db.exec('BEGIN IMMEDIATE');
      try {
        if (Number(live.get(name, now)?.n) >= 2)
          throw new ApiKeyRefused(`${name} has two live keys; revoke one first.`);
        insert.run(id, name, role, hashOf(id, secret), now, expiresAt?.toISOString() ?? null);
        db.exec('COMMIT');
      } catch (error) {
        db.exec('ROLLBACK');
        throw error;
      }
      return { id, name, role, secretKey: `dck_${id}_${secret}` };
    },
    revoke: (id) => setRevoked.run(clock.now().toISOString(), id).changes === 1,
    rotate(id) {
      const entry = entryFrom(byId.get(id));
      if (entry === undefined || entry.revokedAt !== undefined)
        throw new ApiKeyRefused('There is no live key with this id.');
      return store.issue({ name: entry.name, role: entry.role });
    },
    list: () => all.all().flatMap((row) => entryFrom(row) ?? []),
    verify(presented) {
      const [, id = '', secret = ''] = presentedForm.exec(presented) ?? [];
      const row = byId.get(id);
      // An unknown id costs the same hash and comparison as a known one.
      const right = timingSafeEqual(hashOf(id, secret), row === undefined ? nobody : (row.hash as Uint8Array));
      const entry = entryFrom(row);
      if (!right || id === '' || entry === undefined || entry.revokedAt !== undefined) return undefined;
      const now = clock.now();
      if (entry.expiresAt !== undefined && entry.expiresAt <= now.toISOString()) return undefined;
      if (now.getTime() - Date.parse(entry.lastUsedAt ?? '1970-01-01T00:00:00Z') > lastUsedGrainMs)
        setUsed.run(now.toISOString(), id);
      return entry;
    },
    [Symbol.dispose]: () => db.close(),
  };
  return store;
}

/** Keys cannot be had again from anywhere, so a damaged store is named and never replaced. */
function openStore(file: string): Database {
  let db: Database | undefined;
  try {
    db = new Database(file);
    db.exec(`PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS api_key (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, hash BLOB NOT NULL,
        issued_at TEXT NOT NULL, expires_at TEXT, last_used_at TEXT, revoked_at TEXT) STRICT`);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof Fault && cause.kind !== 'corrupt') throw cause;
    throw new Fault(
      'corrupt',
      `the API key store ${file} cannot be read: restore it, or remove it and issue new keys`,
      { cause },
    );
  }
}

function entryFrom(row: Record<string, unknown> | undefined): KeyEntry | undefined {
  if (row === undefined || typeof row.role !== 'string' || !isRole(row.role)) return undefined;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const [expiresAt, lastUsedAt, revokedAt] = [text(row.expires_at), text(row.last_used_at), text(row.revoked_at)];
  return {
    id: String(row.id),
    name: String(row.name),
    role: row.role,
    issuedAt: String(row.issued_at),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(lastUsedAt !== undefined && { lastUsedAt }),
    ...(revokedAt !== undefined && { revokedAt }),
  };
}

function base32(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  return Array.from(
    { length: 16 },
    (_, at) => 'abcdefghijklmnopqrstuvwxyz234567'[Number((bits >> BigInt(75 - at * 5)) & 31n)],
  ).join('');
}
