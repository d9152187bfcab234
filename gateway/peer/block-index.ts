import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { Database } from '../database.ts';

/** A block on one of our storage nodes: whose version it belongs to (and whose quota it uses), and who put it. */
export type IndexedBlock = {
  readonly cid: string;
  readonly node: StorageNodeId;
  readonly version: VersionId;
  readonly owner: MspId;
  readonly putBy: MspId;
  readonly sizeBytes: number;
};

export type Reservation = 'reserved' | 'already-stored' | 'taken' | 'over-quota';

/** Comes first: whoever finds the table of blocks finds this one filled. */
const linesLostSchema =
  'CREATE TABLE IF NOT EXISTS lines_lost (only INTEGER PRIMARY KEY CHECK (only = 1), at_ms INTEGER NOT NULL) STRICT';
const schema = `
  CREATE TABLE IF NOT EXISTS block (cid TEXT, node TEXT, version TEXT NOT NULL, owner TEXT NOT NULL, put_by TEXT NOT NULL,
    bytes INTEGER NOT NULL, stored INTEGER NOT NULL, PRIMARY KEY (cid, node)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS block_version ON block (version);
  CREATE TABLE IF NOT EXISTS quota (owner TEXT PRIMARY KEY, used INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS given_quota (owner TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
`;

/**
 * Which block on our nodes belongs to which version. A block is reserved before it is put and confirmed after it was read back,
 * so that what a crash leaves behind is known by name. Rows that only repeat what nodes hold may lag a power cut (synchronous = NORMAL).
 */
export class BlockIndex implements Disposable {
  readonly #database: Database;

  constructor(file: string, nowMs: () => number = Date.now) {
    this.#database = new Database(file);
    this.#database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const isNew = this.#database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'block'").get() === undefined;
    this.#database.exec(linesLostSchema);
    if (isNew) this.loseLines(nowMs());
    this.#database.exec(schema);
  }

  /** Notes that blocks put before this time may lie here without their lines: the file is new, or comes from a backup. */
  loseLines(atMs: number): void {
    this.#database
      .prepare('INSERT INTO lines_lost VALUES (1, ?) ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms')
      .run(atMs);
  }

  /** When lines may have been lost last; nothing where that was never noted. */
  get linesLostMs(): number | undefined {
    return this.#database.prepare('SELECT at_ms FROM lines_lost').get()?.at_ms as number | undefined;
  }

  /** Takes quota for a block. The same block of the same version and sender is answered as before. */
  reserve(block: IndexedBlock, quotaBytes: number): Reservation {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const outcome = this.#reserve(block, quotaBytes);
      this.#database.exec('COMMIT');
      return outcome;
    } catch (fault) {
      this.#database.exec('ROLLBACK');
      throw fault;
    }
  }

  #reserve(block: IndexedBlock, quotaBytes: number): Reservation {
    const known = this.#row(block.cid, block.node);
    if (known !== undefined) {
      // A version's owner may put again what a compute node of another organization put for it.
      const mayPut = known.put_by === block.putBy || known.owner === block.putBy;
      if (known.version !== block.version || !mayPut) return 'taken';
      return known.stored === 1 ? 'already-stored' : 'reserved';
    }
    if (this.usedBytes(block.owner) + block.sizeBytes > quotaBytes) return 'over-quota';
    this.#database
      .prepare('INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, 0)')
      .run(block.cid, block.node, block.version, block.owner, block.putBy, block.sizeBytes);
    this.#charge(block.owner, block.sizeBytes);
    return 'reserved';
  }

  confirm(cid: string, node: StorageNodeId): void {
    this.#database.prepare('UPDATE block SET stored = 1 WHERE cid = ? AND node = ?').run(cid, node);
  }

  /** Forgets a block and gives its quota back. */
  drop(cid: string, node: StorageNodeId): void {
    const known = this.#row(cid, node);
    if (known === undefined) return;
    this.#database.prepare('DELETE FROM block WHERE cid = ? AND node = ?').run(cid, node);
    this.#charge(known.owner as MspId, -(known.bytes as number));
  }

  /** Whether a put of this block was begun, ended or not. */
  knows(cid: string, node: StorageNodeId): boolean {
    return this.#row(cid, node) !== undefined;
  }

  /** The line of a block here, of an unfinished put too. */
  line(cid: string, node: StorageNodeId): IndexedBlock | undefined {
    const row = this.#row(cid, node);
    return row && asBlock(row);
  }

  find(cid: string, node: StorageNodeId): IndexedBlock | undefined {
    const row = this.#row(cid, node);
    return row === undefined || row.stored !== 1 ? undefined : asBlock(row);
  }

  ofVersion(version: VersionId): readonly IndexedBlock[] {
    return this.#database.prepare('SELECT * FROM block WHERE version = ?').all(version).map(asBlock);
  }

  /** Versions that have blocks here. */
  versions(): readonly VersionId[] {
    return this.#database
      .prepare('SELECT DISTINCT version FROM block')
      .all()
      .map(({ version }) => version as VersionId);
  }

  /** Versions that have blocks on one storage node. */
  versionsOn(node: StorageNodeId): readonly VersionId[] {
    const rows = this.#database.prepare('SELECT DISTINCT version FROM block WHERE node = ?').all(node);
    return rows.map(({ version }) => version as VersionId);
  }

  /** Blocks that were reserved and never confirmed: what an interrupted put may have left. */
  unconfirmed(): readonly IndexedBlock[] {
    return this.#database.prepare('SELECT * FROM block WHERE stored = 0').all().map(asBlock);
  }

  usedBytes(owner: MspId): number {
    return (this.#database.prepare('SELECT used FROM quota WHERE owner = ?').get(owner)?.used as number) ?? 0;
  }

  /** What an organization was given on our nodes by name; nothing where it has the usual quota. */
  givenBytes(owner: MspId): number | undefined {
    return this.#database.prepare('SELECT bytes FROM given_quota WHERE owner = ?').get(owner)?.bytes as
      | number
      | undefined;
  }

  /** Gives an organization its own quota, synced: nothing else says what was agreed. */
  giveBytes(owner: MspId, bytes: number): void {
    this.#database.exec('PRAGMA synchronous = FULL');
    this.#database
      .prepare('INSERT INTO given_quota VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes')
      .run(owner, bytes);
    this.#database.exec('PRAGMA synchronous = NORMAL');
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #row(cid: string, node: string): Record<string, unknown> | undefined {
    return this.#database.prepare('SELECT * FROM block WHERE cid = ? AND node = ?').get(cid, node);
  }

  #charge(owner: MspId, bytes: number): void {
    this.#database
      .prepare('INSERT INTO quota VALUES (?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used')
      .run(owner, bytes);
  }
}

function asBlock(row: Record<string, unknown>): IndexedBlock {
  return {
    cid: row.cid as string,
    node: row.node as StorageNodeId,
    version: row.version as VersionId,
    owner: row.owner as MspId,
    putBy: row.put_by as MspId,
    sizeBytes: row.bytes as number,
  };
}
