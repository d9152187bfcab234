import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Database } from '../database.ts';

/** Shape of the tables; another number in the file means that it is rebuilt from block 0. */
const schemaVersion = 5;

const tables = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE record (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, owner TEXT, state TEXT,
    visible INTEGER NOT NULL, block INTEGER NOT NULL, transaction_id TEXT NOT NULL, time TEXT NOT NULL, body TEXT NOT NULL, first_time TEXT NOT NULL) STRICT;
  CREATE UNIQUE INDEX record_id ON record (kind, id);
  CREATE INDEX record_parent ON record (kind, parent, seq);
  CREATE INDEX record_kind ON record (kind, seq);
  CREATE TABLE ledger_transaction (
    id TEXT PRIMARY KEY, block INTEGER NOT NULL, position INTEGER NOT NULL, creator TEXT NOT NULL,
    function TEXT NOT NULL, validation TEXT NOT NULL, time TEXT NOT NULL) STRICT;
  CREATE TABLE event (
    block INTEGER NOT NULL, position INTEGER NOT NULL, place INTEGER NOT NULL, transaction_id TEXT NOT NULL,
    time TEXT NOT NULL, visible INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (block, position, place)) STRICT;
  CREATE TABLE edge (
    child TEXT NOT NULL, parent TEXT NOT NULL, job TEXT, model TEXT, block INTEGER NOT NULL, transaction_id TEXT NOT NULL,
    PRIMARY KEY (child, parent)) STRICT;
  CREATE INDEX edge_parent ON edge (parent);
  CREATE TABLE card (dataset TEXT PRIMARY KEY, body TEXT) STRICT;
  CREATE VIRTUAL TABLE card_text USING fts5 (dataset UNINDEXED, title, description, keywords, tokenize = 'unicode61 remove_diacritics 2');
`;

/**
 * Opens the read model's file: what is unreadable, or has another shape or organization, is thrown away and begun again, because
 * everything in it can be had from the blocks. Settings are the ones measured for this use (page size, WAL, autocheckpoint).
 */
export function openDatabase(file: string, organization: string, remove: (file: string) => void): DatabaseSync {
  const existing = tryOpen(file);
  if (existing !== undefined) {
    if (readMeta(existing, 'schema') === String(schemaVersion) && readMeta(existing, 'organization') === organization)
      return existing;
    existing.close();
  }
  for (const suffix of ['', '-wal', '-shm']) remove(file + suffix);
  const db = new Database(file);
  db.exec('PRAGMA page_size = 8192');
  configure(db);
  db.exec(`BEGIN; ${tables}; COMMIT`);
  const meta = prepareMeta(db);
  meta.run('schema', String(schemaVersion));
  meta.run('organization', organization);
  return db;
}

function tryOpen(file: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined;
  try {
    db = new Database(file);
    configure(db);
    const [check] = db.prepare('PRAGMA quick_check(1)').all();
    if (check?.quick_check === 'ok') return db;
  } catch {
    // Torn or not a database: the caller begins again.
  }
  db?.close();
  return undefined;
}

function configure(db: DatabaseSync): void {
  db.exec(
    'PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 20000',
  );
}

export function readMeta(db: DatabaseSync, key: string): string | undefined {
  try {
    const value = db.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.value;
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

export function prepareMeta(db: DatabaseSync): StatementSync {
  return db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');
}
