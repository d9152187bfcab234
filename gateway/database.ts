import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { isMainThread } from 'node:worker_threads';
import { Fault } from '@d-cloud/network/ledger';

/** What becomes of the program when its disk fails: by default it ends at once, with status 1 or, where another thread than the main one noticed, killed. */
export type OnBroken = (fault: Fault) => void;

const full = 13;
/** SQLITE_IOERR_WRITE, _FSYNC and _DIR_FSYNC: https://www.sqlite.org/rescode.html. */
const unwritten = new Set([778, 1034, 1290]);

/**
 * An SQLite database that does not go on after its disk failed to write or to sync. SQLite alone would: it says no once, and the next transaction may be said
 * to be on disk although the kernel has dropped what it could not write before. A full disk is a Fault `unavailable`, and the same may work later; a file that was cut short is `corrupt`.
 */
export class Database extends DatabaseSync {
  readonly #onBroken: OnBroken;
  #broken: Fault | undefined;

  constructor(file: string, { onBroken = end }: { readonly onBroken?: OnBroken } = {}) {
    checkWhole(file);
    super(file);
    this.#onBroken = onBroken;
  }

  override exec(sql: string): void {
    // SQLite has rolled back already where the disk was full: that is no second failure.
    if (sql === 'ROLLBACK' && !this.isTransaction) return;
    this.#watched(() => super.exec(sql));
  }

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    for (const name of ['run', 'get', 'all'] as const) {
      const act = statement[name].bind(statement) as (...values: unknown[]) => unknown;
      const watched = (...values: unknown[]) => this.#watched(() => act(...values));
      Object.defineProperty(statement, name, { value: watched });
    }
    return statement;
  }

  /** Moves what the log has into the file and cuts the log off. Fault `unavailable` while somebody else reads, as a backup does: ask again. */
  truncateLog(): void {
    if (this.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy !== 0)
      throw new Fault('unavailable', 'Somebody reads the database, and so what was deleted still lies in its log.');
  }

  #watched<T>(act: () => T): T {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return act();
    } catch (cause) {
      const code = (cause as { errcode?: unknown }).errcode;
      if (code === full)
        throw new Fault('unavailable', 'The disk of this gateway is full; free some space on it.', { cause });
      if (typeof code !== 'number' || !unwritten.has(code)) throw cause;
      this.#broken = new Fault('corrupt', 'The disk failed to write; nothing written since is certain.', { cause });
      this.#onBroken(this.#broken);
      throw this.#broken;
    }
  }
}

/** SQLite reads a file whose last pages are gone, and finds nothing in them: an index without its rows, or the other way round. */
function checkWhole(file: string): void {
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const sizeBytes = sizeOf(file);
  // What is not checkpointed yet may be in the log alone, and a database that is being made grows page by page.
  if (sizeBytes === 0 || sizeOf(`${file}-wal`) > 0 || sizeOf(`${file}-journal`) > 0) return;
  // https://www.sqlite.org/fileformat.html#the_database_header: size of a page at 16, pages at 28, good when 24 and 92 agree.
  const header = Buffer.alloc(100);
  const opened = openSync(file, 'r');
  try {
    readSync(opened, header, 0, header.length, 0);
  } finally {
    closeSync(opened);
  }
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const isCounted = header.readUInt32BE(24) === header.readUInt32BE(92);
  if (isCounted && sizeBytes < pageBytes * header.readUInt32BE(28))
    throw new Fault('corrupt', `${file} was cut short: restore it from a backup.`);
}

function end({ message }: Fault): void {
  writeSync(2, `${message}\n`);
  if (isMainThread) process.exit(1);
  // Leaving would end this thread alone, and the others go on.
  process.kill(process.pid, 'SIGKILL');
}
