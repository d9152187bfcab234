import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { Database } from '../database.ts';
import type { CurrentSlot } from './version-blocks.ts';
import type { Observation } from './version-health.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS moved (version TEXT, slot INTEGER, node TEXT NOT NULL, organization TEXT NOT NULL,
    PRIMARY KEY (version, slot)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS vacated (version TEXT, slot INTEGER, node TEXT, PRIMARY KEY (version, slot, node)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS observed (version TEXT, slot INTEGER, node TEXT NOT NULL, organization TEXT NOT NULL,
    counts TEXT NOT NULL, bad TEXT NOT NULL, at INTEGER NOT NULL, away_since INTEGER, PRIMARY KEY (version, slot)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS held (version TEXT, node TEXT, PRIMARY KEY (version, node)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS barred (version TEXT, node TEXT, PRIMARY KEY (version, node)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS resharing (version TEXT PRIMARY KEY, before BLOB NOT NULL, after BLOB NOT NULL, places TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS superseded (version TEXT, sealing INTEGER, blocks TEXT NOT NULL, PRIMARY KEY (version, sealing)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS suspect (cid TEXT, node TEXT, since INTEGER NOT NULL, PRIMARY KEY (cid, node)) STRICT, WITHOUT ROWID;
`;

/** A block and the storage node that it lies on. */
export type PlacedBlock = { readonly cid: string; readonly node: StorageNodeId };

/** S of a version is being shared anew: the digests of the share blocks before and after, and where they may lie. */
export type Resharing = {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly places: readonly Pick<CurrentSlot, 'slot' | 'storageNode'>[];
  /** The storage nodes that got none of the new shares. */
  readonly barred: ReadonlySet<StorageNodeId>;
};

type Written = { readonly places: Resharing['places']; readonly barred: readonly StorageNodeId[] };

/**
 * What the owner knows of its versions' blocks beside their manifests: slots that were moved, how blocks were last found, blocks that
 * seem to belong to nothing. Moved slots are what counts: the ledger commits to the manifest, which says where fragments were put
 * first, and this table says where they are; it is served with every key release. A returned write is on disk.
 */
export class CustodyStore implements Disposable {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
    this.#database.exec(schema);
  }

  /** The slots of a version that lie elsewhere than its manifest says. */
  moved(version: VersionId): ReadonlyMap<number, Omit<CurrentSlot, 'slot'>> {
    const rows = this.#database.prepare('SELECT * FROM moved WHERE version = ?').all(version);
    return new Map(
      rows.map(({ slot, node, organization }) => [
        slot as number,
        { storageNode: node as StorageNodeId, organization: organization as MspId },
      ]),
    );
  }

  /** From now on a slot's blocks are looked for there, and to be cleared from where they lay before, if that is known. What was observed of it there is forgotten. */
  move(version: VersionId, { slot, storageNode, organization }: CurrentSlot, from?: CurrentSlot): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#database
        .prepare(
          'INSERT INTO held SELECT version, node FROM moved WHERE version = ? AND slot = ? ON CONFLICT DO NOTHING',
        )
        .run(version, slot);
      this.#database
        .prepare(
          'INSERT INTO moved VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET node = excluded.node, organization = excluded.organization',
        )
        .run(version, slot, storageNode, organization);
      if (from !== undefined)
        this.#database
          .prepare('INSERT INTO vacated VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
          .run(version, slot, from.storageNode);
      this.cleared(version, slot, storageNode);
      this.#database.prepare('DELETE FROM observed WHERE version = ? AND slot = ?').run(version, slot);
      this.#database.exec('COMMIT');
    } catch (fault) {
      this.#database.exec('ROLLBACK');
      throw fault;
    }
  }

  /**
   * Puts the places that a version's slots were moved to in the place of those that were known, as another store has written them down since.
   * `slots` is where its slots lie with that: none of these is cleared, and what was observed before is forgotten.
   */
  replaceMoved(version: VersionId, moved: readonly CurrentSlot[], slots: readonly CurrentSlot[]): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#database
        .prepare('INSERT INTO held SELECT version, node FROM moved WHERE version = ? ON CONFLICT DO NOTHING')
        .run(version);
      this.#database.prepare('DELETE FROM moved WHERE version = ?').run(version);
      const put = this.#database.prepare('INSERT INTO moved VALUES (?, ?, ?, ?)');
      for (const { slot, storageNode, organization } of moved) put.run(version, slot, storageNode, organization);
      for (const { slot, storageNode } of slots) this.cleared(version, slot, storageNode);
      this.#database.prepare('DELETE FROM observed WHERE version = ?').run(version);
      this.#database.exec('COMMIT');
    } catch (fault) {
      this.#database.exec('ROLLBACK');
      throw fault;
    }
  }

  /** Places that slots of a version were moved away from and that may have blocks of it still. */
  vacated(version: VersionId): readonly Pick<CurrentSlot, 'slot' | 'storageNode'>[] {
    return this.#database
      .prepare('SELECT slot, node FROM vacated WHERE version = ?')
      .all(version)
      .map(({ slot, node }) => ({ slot: slot as number, storageNode: node as StorageNodeId }));
  }

  /** Nothing of the slot is left there, or it is there again. */
  cleared(version: VersionId, slot: number, storageNode: StorageNodeId): void {
    this.#database
      .prepare('DELETE FROM vacated WHERE version = ? AND slot = ? AND node = ?')
      .run(version, slot, storageNode);
  }

  /** Storage nodes that held a slot between the one of the manifest and the one of now. */
  held(version: VersionId): readonly StorageNodeId[] {
    const rows = this.#database.prepare('SELECT node FROM held WHERE version = ?').all(version);
    return rows.map(({ node }) => node as StorageNodeId);
  }

  resharing(version: VersionId): Resharing | undefined {
    const row = this.#database.prepare('SELECT * FROM resharing WHERE version = ?').get(version);
    if (row === undefined) return undefined;
    const written = JSON.parse(row.places as string) as Written | Written['places'];
    // Begun by a gateway that did not write down against whom: then it counts against nobody.
    const { places, barred } = 'places' in written ? written : { places: written, barred: [] };
    return { before: row.before as Uint8Array, after: row.after as Uint8Array, places, barred: new Set(barred) };
  }

  beginResharing(version: VersionId, { before, after, places, barred }: Resharing): void {
    const written: Written = { places, barred: [...barred] };
    this.#database
      .prepare('INSERT INTO resharing VALUES (?, ?, ?, ?)')
      .run(version, before, after, JSON.stringify(written));
  }

  /** The shares that these storage nodes may have kept are of no use any more. */
  endResharing(version: VersionId, barred: ReadonlySet<StorageNodeId>): void {
    this.#database.prepare('DELETE FROM resharing WHERE version = ?').run(version);
    this.bar(version, barred);
  }

  /** Storage nodes against which the version's S was shared anew. */
  barred(version: VersionId): ReadonlySet<StorageNodeId> {
    const rows = this.#database.prepare('SELECT node FROM barred WHERE version = ?').all(version);
    return new Set(rows.map(({ node }) => node as StorageNodeId));
  }

  bar(version: VersionId, nodes: ReadonlySet<StorageNodeId>): void {
    const put = this.#database.prepare('INSERT INTO barred VALUES (?, ?) ON CONFLICT DO NOTHING');
    for (const node of nodes) put.run(version, node);
  }

  /** Names the blocks of a version that count no more once it has this sealing; the first list stays. */
  supersede(version: VersionId, sealing: number, blocks: readonly PlacedBlock[]): void {
    this.#database
      .prepare('INSERT INTO superseded VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      .run(version, sealing, JSON.stringify(blocks));
  }

  /** What is still to be removed, or to be seen to be absent. */
  superseded(): readonly {
    readonly version: VersionId;
    readonly sealing: number;
    readonly blocks: readonly PlacedBlock[];
  }[] {
    return this.#database
      .prepare('SELECT * FROM superseded ORDER BY version, sealing')
      .all()
      .map(({ version, sealing, blocks }) => ({
        version: version as VersionId,
        sealing: sealing as number,
        blocks: JSON.parse(blocks as string) as readonly PlacedBlock[],
      }));
  }

  endSuperseded(version: VersionId, sealing: number): void {
    this.#database.prepare('DELETE FROM superseded WHERE version = ? AND sealing = ?').run(version, sealing);
  }

  observe(version: VersionId, observation: Observation): void {
    const { slot, storageNode, organization, counts, bad, atMs, awaySinceMs } = observation;
    this.#database
      .prepare(
        `INSERT INTO observed VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET node = excluded.node, organization = excluded.organization,
        counts = excluded.counts, bad = excluded.bad, at = excluded.at, away_since = excluded.away_since`,
      )
      .run(
        version,
        slot,
        storageNode,
        organization,
        JSON.stringify(counts),
        JSON.stringify([...bad]),
        Math.floor(atMs),
        awaySinceMs === undefined ? null : Math.floor(awaySinceMs),
      );
  }

  /** What was last observed of a version's slots, in slot order. */
  observed(version: VersionId): readonly Observation[] {
    const rows = this.#database.prepare('SELECT * FROM observed WHERE version = ? ORDER BY slot').all(version);
    return rows.map((row) => ({
      slot: row.slot as number,
      storageNode: row.node as StorageNodeId,
      organization: row.organization as MspId,
      counts: JSON.parse(row.counts as string) as Observation['counts'],
      bad: new Set(JSON.parse(row.bad as string) as number[]),
      atMs: row.at as number,
      ...(row.away_since === null ? {} : { awaySinceMs: row.away_since as number }),
    }));
  }

  /** Since when a block has seemed to belong to nothing; from now on where this is the first time, or the clock was ahead then. */
  suspect(cid: string, node: StorageNodeId, nowMs: number): number {
    this.#database
      .prepare('INSERT INTO suspect VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET since = min(since, excluded.since)')
      .run(cid, node, Math.floor(nowMs));
    return this.#database.prepare('SELECT since FROM suspect WHERE cid = ? AND node = ?').get(cid, node)
      ?.since as number;
  }

  /** A block belongs to something after all, or is gone. */
  clear(cid: string, node: StorageNodeId): void {
    this.#database.prepare('DELETE FROM suspect WHERE cid = ? AND node = ?').run(cid, node);
  }

  get suspects(): readonly { readonly cid: string; readonly node: StorageNodeId }[] {
    return this.#database.prepare('SELECT cid, node FROM suspect').all() as { cid: string; node: StorageNodeId }[];
  }

  /** Forgets where a version lies and how it was found. */
  forget(version: VersionId): void {
    for (const table of ['moved', 'vacated', 'observed', 'held', 'barred', 'resharing'])
      this.#database.prepare(`DELETE FROM ${table} WHERE version = ?`).run(version);
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
