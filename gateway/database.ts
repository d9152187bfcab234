import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Fault } from '@d-cloud/network/ledger';

/** What becomes of the program when its disk fails: by default it ends at once, with status 1, as if it were killed. */
export type OnBroken = (fault: Fault) => void;

const full = 13;
/** SQLITE_IOERR_WRITE, _FSYNC and _DIR_FSYNC: https://www.sqlite.org/rescode.html. */
const unwritten = new Set([778, 1034, 1290]);

/**
 * An SQLite database that does not go on after its disk failed to write or to sync. SQLite alone would: it says no once, and the next transaction may be said
 * to be on disk although the kernel has dropped what it could not write before. A full disk is a Fault `unavailable`, and the same may work later.
 */
export class Database extends DatabaseSync {
  readonly #onBroken: OnBroken;
  #broken: Fault | undefined;

  constructor(file: string, { onBroken = end }: { readonly onBroken?: OnBroken } = {}) {
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

function end({ message }: Fault): void {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
