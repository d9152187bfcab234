import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Database } from './database.ts';
import { problemOf } from './http/problem-of.ts';
import { openStores, versionAt, writes } from './testing/keep-writing.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'd-cloud-database-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a full disk is a fault that may pass: half a transaction is gone, the caller is told 503, and with room again the same write succeeds', () => {
  using database = new Database(join(folder, 'full.sqlite'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE kept (at INTEGER, bytes BLOB) STRICT');
  database.exec('PRAGMA max_page_count = 12');
  const insert = database.prepare('INSERT INTO kept VALUES (?, ?)');
  const writeThree = () => {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (let at = 0; at < 3; at++) insert.run(at, new Uint8Array(20_000));
      database.exec('COMMIT');
      return undefined;
    } catch (error) {
      database.exec('ROLLBACK');
      return error;
    }
  };
  const told = problemOf(writeThree(), { instance: '/', traceId: '', write: true });
  expect(told).toMatchObject({ problem: { status: 503, retryable: true }, headers: { 'Retry-After': '1' } });
  expect(told.problem.detail).toBe('The disk of this gateway is full; free some space on it.');
  const count = database.prepare('SELECT count(*) AS rows FROM kept');
  expect(count.get()?.rows).toBe(0);
  database.exec('PRAGMA max_page_count = 1000');
  expect(writeThree()).toBeUndefined();
  expect(count.get()?.rows).toBe(3);
});

const writer = fileURLToPath(new URL('./testing/keep-writing.js', import.meta.url));

/** Runs the writer under another program and gives what it said was written, and how it ended. */
function keepWriting(command: string, args: readonly string[], into: string) {
  const program = [process.execPath, '--disable-warning=ExperimentalWarning', writer, into];
  const { stdout, stderr, status } = spawnSync(command, [...args, ...program], { encoding: 'utf8' });
  return { written: stdout.trim().split('\n').filter(Boolean), said: stderr.trim(), status };
}

function heldAt(at: string): readonly string[] {
  using stores = new DisposableStack();
  const { keys, journal } = openStores(at);
  stores.use(keys);
  stores.use(journal);
  return Array.from({ length: writes }, (_, number) => number).flatMap((number) => [
    ...(journal.get(versionAt(number)) === undefined ? [] : [`journal ${number}`]),
    ...(keys.version(versionAt(number)) === undefined ? [] : [`keys ${number}`]),
  ]);
}

const sentence = 'The disk failed to write; nothing written since is certain.';
// strace may be there and not be allowed to trace.
const withTrace = spawnSync('/usr/bin/strace', ['-o', '/dev/null', 'true']).status === 0 ? test : test.skip;
const withLimits = spawnSync('/usr/bin/prlimit', ['--version']).status === 0 ? test : test.skip;

describe('a gateway’s key store and upload journal', () => {
  withTrace(
    'on a disk of which any one sync fails end the program, and what it had said was written is there',
    () => {
      // Those of their logs, from opening into the writing. Each fails alone: the disk says yes to all others.
      const counts = [1, 8, 15, 16, 17, 18, 30].map((when) => {
        const into = mkdtempSync(join(folder, 'sync-'));
        const logs = ['keys.sqlite-wal', 'uploads.sqlite-wal'].flatMap((name) => ['-P', join(into, name)]);
        const fail = ['-e', 'trace=fsync', '-e', `inject=fsync:error=EIO:when=${when}`];
        const inject = ['-f', '-qq', '-o', '/dev/null', ...logs, ...fail];
        const { written, said, status } = keepWriting('/usr/bin/strace', inject, into);
        expect([when, status, said.split('\n').at(-1)]).toEqual([when, 1, sentence]);
        expect(new Set(written).difference(new Set(heldAt(into)))).toEqual(new Set());
        return written.length;
      });
      expect(counts.at(-1)).toBeGreaterThan(0);
      expect(counts.at(-1)).toBeLessThan(2 * writes);
    },
    60_000,
  );

  withLimits('on a disk that takes no more bytes and does not say that it is full, likewise', () => {
    const { written, said, status } = keepWriting('/usr/bin/prlimit', [`--fsize=${200_000}`], folder);
    expect([status, said.split('\n').at(-1)]).toEqual([1, sentence]);
    expect(written.length).toBeGreaterThan(0);
    expect(new Set(written).difference(new Set(heldAt(folder)))).toEqual(new Set());
  });

  test('and every other database of a gateway is opened so that this holds for it', async () => {
    const source = fileURLToPath(new URL('../', import.meta.url));
    const files = (await readdir(source, { recursive: true })).filter(
      (name) => /(?<!test)\.ts$/.test(name) && !/^dist\/|node_modules|testing\//.test(name) && !name.endsWith('.d.ts'),
    );
    const texts = await Promise.all(
      files.map(async (name) => [name, await readFile(join(source, name), 'utf8')] as const),
    );
    const holding = (word: RegExp) => texts.filter(([, text]) => word.test(text)).map(([name]) => name);
    expect(holding(/new Database\(/).length).toBeGreaterThanOrEqual(10);
    // A backup's copies are read again before anyone is told of it.
    expect(holding(/new DatabaseSync\(/)).toEqual(['backup/snapshot.ts']);
  });
});
