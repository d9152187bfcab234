import type { ErasureId, MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { Database } from '../database.ts';
import type { ErasedBlocks } from './clear-everywhere.ts';

/** A version that is being erased: its blocks' ids, and how many of them lay where. Without blocks where its keys were lost before. */
export type ListedVersion = ErasedBlocks & { readonly storageNodes: readonly StorageNodeId[] };

/**
 * How a storage node was found when it was last asked. `absent`: it has nothing of what is erased; `away`: it gave no answer;
 * `remains`: it has something still; `left`: it left the network with whatever it had, and is not asked.
 */
export type AskedNode = {
  readonly node: StorageNodeId;
  readonly organization: MspId;
  readonly outcome: 'absent' | 'away' | 'remains' | 'left';
  readonly removed: number;
  /** Blocks that it was asked for and does not have. */
  readonly absent: number;
  readonly at: string;
  readonly detail?: string;
};

const schema = `
  CREATE TABLE IF NOT EXISTS listed (version TEXT PRIMARY KEY, erasure TEXT NOT NULL, cids TEXT NOT NULL, nodes TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS destroyed (erasure TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS asked (erasure TEXT, node TEXT, asked TEXT NOT NULL, PRIMARY KEY (erasure, node)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS certificate (erasure TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
`;

/**
 * How far the erasures of this organization have come. Blocks are listed here before the keys that name them are destroyed, and forgotten with
 * the certificate; certificates stay. A returned write is on disk.
 */
export class ErasureStore implements Disposable {
  readonly #database: Database;
  /** Whether the log may have blocks that were forgotten: also those that a gateway which ended left there. */
  #isInLog = true;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
    this.#database.exec(schema);
  }

  /** Keeps a version's list; the first one stays, because a later one would be made without its keys. */
  list(erasure: ErasureId, { version, cids, storageNodes }: ListedVersion): void {
    this.#database
      .prepare('INSERT INTO listed VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
      .run(version, erasure, JSON.stringify(cids), JSON.stringify(storageNodes));
  }

  listed(erasure: ErasureId): readonly ListedVersion[] {
    return this.#database
      .prepare('SELECT * FROM listed WHERE erasure = ? ORDER BY version')
      .all(erasure)
      .map(({ version, cids, nodes }) => ({
        version: version as VersionId,
        cids: JSON.parse(cids as string) as string[],
        storageNodes: JSON.parse(nodes as string) as StorageNodeId[],
      }));
  }

  /** Writes down when the keys were destroyed; the first time stays. */
  destroyed(erasure: ErasureId, at: string): void {
    this.#database.prepare('INSERT INTO destroyed VALUES (?, ?) ON CONFLICT DO NOTHING').run(erasure, at);
  }

  destroyedAt(erasure: ErasureId): string | undefined {
    return this.#database.prepare('SELECT at FROM destroyed WHERE erasure = ?').get(erasure)?.at as string | undefined;
  }

  /** Writes down how a storage node was found. What was removed before counts on. */
  ask(erasure: ErasureId, asked: AskedNode): void {
    const before = this.asked(erasure).find(({ node }) => node === asked.node)?.removed ?? 0;
    this.#database
      .prepare('INSERT INTO asked VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET asked = excluded.asked')
      .run(erasure, asked.node, JSON.stringify({ ...asked, removed: before + asked.removed }));
  }

  asked(erasure: ErasureId): readonly AskedNode[] {
    return this.#database
      .prepare('SELECT asked FROM asked WHERE erasure = ? ORDER BY node')
      .all(erasure)
      .map(({ asked }) => JSON.parse(asked as string) as AskedNode);
  }

  /** Keeps a certificate and gives the one that was first: what was signed once is what goes on the ledger. */
  certify(erasure: ErasureId, bytes: Uint8Array): Uint8Array {
    this.#database.prepare('INSERT INTO certificate VALUES (?, ?) ON CONFLICT DO NOTHING').run(erasure, bytes);
    return this.certificate(erasure) as Uint8Array;
  }

  certificate(erasure: ErasureId): Uint8Array | undefined {
    return this.#database.prepare('SELECT bytes FROM certificate WHERE erasure = ?').get(erasure)?.bytes as
      | Uint8Array
      | undefined;
  }

  /** Forgets which blocks there were, in the file and in the log behind it. Fault `unavailable` while somebody reads: call it again. */
  forgetBlocks(erasure: ErasureId): void {
    if (this.#database.prepare('DELETE FROM listed WHERE erasure = ?').run(erasure).changes > 0) this.#isInLog = true;
    if (!this.#isInLog) return;
    this.#database.truncateLog();
    this.#isInLog = false;
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
