/**
 * What came of requests with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07), for 24 hours and across restarts.
 * It is a convenience over the ledger's own key records: see docs/decisions/0003-idempotent-writes.md for why nothing is lost with it.
 */
import { rmSync } from 'node:fs';
import { Database } from '../database.ts';

export type StoredResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text, empty for none. */
  readonly body: string;
};

/** Whose request, and what it asks: `fingerprint` is the SHA-256 of method, path, query and body, hex. */
export type RequestName = { readonly person: string; readonly key: string; readonly fingerprint: string };

type Beginning =
  | { readonly kind: 'first' }
  /** Begun before and neither answered nor running: the gateway died, or machinery failed. The ledger knows what came of it. */
  | { readonly kind: 'again' }
  | { readonly kind: 'running' }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'answered'; readonly response: StoredResponse };

export type RequestStore = Disposable & {
  begin(request: RequestName): Beginning;
  /** Keeps the answer that every repetition gets. */
  answer(request: RequestName, response: StoredResponse): void;
  /** The request ended without an answer worth keeping: the same one may run again. */
  release(request: RequestName): void;
};

const keptMs = 24 * 60 * 60 * 1000;
const sweepEvery = 256;

export function openRequestStore(file: string, clock: { now(): Date }): RequestStore {
  const db = openOrBegin(file);
  // Whatever ran when the last process died is no longer running.
  db.exec(`UPDATE request SET state = 'open' WHERE state = 'running'`);
  const find = db.prepare('SELECT * FROM request WHERE person = ? AND key = ?');
  const insert = db.prepare(
    `INSERT INTO request (person, key, fingerprint, state, begun_at) VALUES (?, ?, ?, 'running', ?)`,
  );
  const setState = db.prepare('UPDATE request SET state = ? WHERE person = ? AND key = ?');
  const setAnswer = db.prepare(
    `UPDATE request SET state = 'answered', status = ?, headers = ?, body = ? WHERE person = ? AND key = ?`,
  );
  const sweep = db.prepare(`DELETE FROM request WHERE begun_at < ? AND state <> 'running'`);
  let begun = 0;
  const oldest = () => clock.now().getTime() - keptMs;
  return {
    begin({ person, key, fingerprint }) {
      if (begun++ % sweepEvery === 0) sweep.run(oldest());
      const row = find.get(person, key);
      if (row === undefined) {
        insert.run(person, key, fingerprint, clock.now().getTime());
        return { kind: 'first' };
      }
      if (row.fingerprint !== fingerprint) return { kind: 'mismatch' };
      if (row.state === 'running') return { kind: 'running' };
      if (row.state === 'answered') {
        const headers = JSON.parse(String(row.headers)) as Record<string, string>;
        return { kind: 'answered', response: { status: Number(row.status), headers, body: String(row.body) } };
      }
      setState.run('running', person, key);
      return { kind: 'again' };
    },
    answer({ person, key }, { status, headers, body }) {
      setAnswer.run(status, JSON.stringify(headers), body, person, key);
    },
    release({ person, key }) {
      setState.run('open', person, key);
    },
    [Symbol.dispose]: () => db.close(),
  };
}

function openOrBegin(file: string): Database {
  try {
    return open(file);
  } catch {
    // Torn by a crash of the machine: the ledger's key records still answer repetitions.
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    return open(file);
  }
}

function open(file: string): Database {
  const db = new Database(file);
  try {
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;
      CREATE TABLE IF NOT EXISTS request (
        person TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL, begun_at INTEGER NOT NULL,
        status INTEGER, headers TEXT, body TEXT, PRIMARY KEY (person, key)) STRICT;
      CREATE INDEX IF NOT EXISTS request_begun ON request (begun_at)`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
