import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { DatasetId, JobId, VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { readKeyFile } from './key-file.ts';
import { type ValueCipher, valueCipher } from './sealed-value.ts';

/** What the owner keeps of a version so that it can be opened and released: the content key (32 bytes), the commitment's salt, the storage manifest. */
export type VersionKeys = {
  readonly version: VersionId;
  readonly dataset: DatasetId;
  readonly epoch: number;
  readonly contentKey: Uint8Array;
  readonly salt: Uint8Array;
  readonly manifest: Uint8Array;
};

/** What the requester keeps of a job while it runs: the output's content key and the secret that row salts come from, 32 bytes each. */
export type JobSecrets = {
  readonly job: JobId;
  readonly outputVersion: VersionId;
  readonly contentKey: Uint8Array;
  readonly rowSaltSecret: Uint8Array;
};

/** One line of the release log: who was given, or denied, keys to what. */
export type ReleaseEntry = {
  readonly at: string;
  readonly caller: string;
  readonly node: string;
  readonly against: string;
  readonly outcome: 'released' | 'refused';
  readonly detail: string;
};

const schema = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS dataset_key (dataset TEXT, epoch INTEGER, sealed BLOB NOT NULL, PRIMARY KEY (dataset, epoch)) STRICT;
  CREATE TABLE IF NOT EXISTS version_key (version TEXT PRIMARY KEY, dataset TEXT NOT NULL, epoch INTEGER NOT NULL,
    wrapped BLOB NOT NULL, salt BLOB NOT NULL, manifest BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS job_secret (job TEXT PRIMARY KEY, output TEXT NOT NULL UNIQUE, content_key BLOB NOT NULL, row_salt BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS release_log (id INTEGER PRIMARY KEY, at TEXT NOT NULL, caller TEXT NOT NULL, node TEXT NOT NULL,
    against TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
`;

/**
 * The owner's key store: every value sealed under the organization's key file, every content key wrapped under its dataset's key of an epoch.
 * A returned put is on disk (synchronous = FULL). Opening it with another key file is refused.
 */
export class KeyStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #cipher: ValueCipher;
  readonly #random: (bytes: number) => Uint8Array;

  private constructor(database: DatabaseSync, cipher: ValueCipher, random: (bytes: number) => Uint8Array) {
    this.#database = database;
    this.#cipher = cipher;
    this.#random = random;
  }

  static open(options: { file: string; keyFile: string; random: (bytes: number) => Uint8Array }): KeyStore {
    const key = readKeyFile(options.keyFile, { storeExists: existsSync(options.file), random: options.random });
    const cipher = valueCipher(key, 'd-cloud key store v1', options.random);
    const database = new DatabaseSync(options.file);
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
      database.exec(schema);
      checkKey(database, cipher);
    } catch (fault) {
      database.close();
      throw fault;
    }
    return new KeyStore(database, cipher, options.random);
  }

  /** Keeps a version's keys, minting its dataset's key of that epoch when there is none. A version is put once; putting other keys over it is refused. */
  putVersion(keys: VersionKeys): void {
    const { version, dataset, epoch } = keys;
    this.#transaction(() => {
      const wrapped = this.#datasetCipher(dataset, epoch).seal(
        ['content-key', version, dataset, epoch],
        keys.contentKey,
      );
      const { changes } = this.#database
        .prepare('INSERT INTO version_key VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
        .run(
          version,
          dataset,
          epoch,
          wrapped,
          this.#cipher.seal(['salt', version], keys.salt),
          this.#cipher.seal(['manifest', version], keys.manifest),
        );
      if (changes === 0 && !sameKeys(this.version(version), keys)) {
        throw new Fault('corrupt', `Other keys of ${version} are already kept.`);
      }
    });
  }

  /** The keys of a version, or nothing when this organization keeps none. */
  version(version: VersionId): VersionKeys | undefined {
    const row = this.#database.prepare('SELECT * FROM version_key WHERE version = ?').get(version);
    if (row === undefined) return undefined;
    const dataset = row.dataset as DatasetId;
    const epoch = row.epoch as number;
    const context = ['content-key', version, dataset, epoch];
    return {
      version,
      dataset,
      epoch,
      contentKey: this.#datasetCipher(dataset, epoch).open(context, row.wrapped as Uint8Array),
      salt: this.#cipher.open(['salt', version], row.salt as Uint8Array),
      manifest: this.#cipher.open(['manifest', version], row.manifest as Uint8Array),
    };
  }

  /** Forgets a version that was never published. */
  forgetVersion(version: VersionId): void {
    this.#database.prepare('DELETE FROM version_key WHERE version = ?').run(version);
  }

  putJob(secrets: JobSecrets): void {
    this.#database
      .prepare('INSERT INTO job_secret VALUES (?, ?, ?, ?)')
      .run(
        secrets.job,
        secrets.outputVersion,
        this.#cipher.seal(['output-key', secrets.job, secrets.outputVersion], secrets.contentKey),
        this.#cipher.seal(['row-salt', secrets.job, secrets.outputVersion], secrets.rowSaltSecret),
      );
  }

  job(job: JobId): JobSecrets | undefined {
    const row = this.#database.prepare('SELECT * FROM job_secret WHERE job = ?').get(job);
    if (row === undefined) return undefined;
    const outputVersion = row.output as VersionId;
    return {
      job,
      outputVersion,
      contentKey: this.#cipher.open(['output-key', job, outputVersion], row.content_key as Uint8Array),
      rowSaltSecret: this.#cipher.open(['row-salt', job, outputVersion], row.row_salt as Uint8Array),
    };
  }

  /** Forgets the secrets of a job that was never requested. */
  forgetJob(job: JobId): void {
    this.#database.prepare('DELETE FROM job_secret WHERE job = ?').run(job);
  }

  /**
   * Destroys the keys of versions, of the jobs that made them, and of a whole dataset where one is named: what lay there is overwritten, in the
   * log behind the file too. Nothing of this store opens them again; older copies of the store would.
   */
  destroy(versions: readonly VersionId[], dataset?: DatasetId): void {
    this.#transaction(() => {
      for (const version of versions) {
        this.#database.prepare('DELETE FROM version_key WHERE version = ?').run(version);
        this.#database.prepare('DELETE FROM job_secret WHERE output = ?').run(version);
      }
      if (dataset !== undefined) this.#database.prepare('DELETE FROM dataset_key WHERE dataset = ?').run(dataset);
    });
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  logRelease(entry: ReleaseEntry): void {
    this.#database
      .prepare('INSERT INTO release_log (at, caller, node, against, outcome, detail) VALUES (?, ?, ?, ?, ?, ?)')
      .run(entry.at, entry.caller, entry.node, entry.against, entry.outcome, entry.detail);
  }

  /** The newest releases and refusals, newest first. */
  releases(limit: number): readonly ReleaseEntry[] {
    return this.#database
      .prepare('SELECT at, caller, node, against, outcome, detail FROM release_log ORDER BY id DESC LIMIT ?')
      .all(limit) as ReleaseEntry[];
  }

  /** Every organization secret that is neither a dataset's nor a job's comes from here: minted once under its name, 32 bytes. */
  secret(name: string): Buffer {
    const context = ['secret', name];
    const row = this.#database.prepare('SELECT value FROM meta WHERE name = ?').get(`secret:${name}`);
    if (row !== undefined) return this.#cipher.open(context, row.value as Uint8Array);
    const minted = Buffer.from(this.#random(32));
    this.#database.prepare('INSERT INTO meta VALUES (?, ?)').run(`secret:${name}`, this.#cipher.seal(context, minted));
    return minted;
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #datasetCipher(dataset: DatasetId, epoch: number): ValueCipher {
    const context = ['dataset-key', dataset, epoch];
    const row = this.#database
      .prepare('SELECT sealed FROM dataset_key WHERE dataset = ? AND epoch = ?')
      .get(dataset, epoch);
    let key: Uint8Array;
    if (row === undefined) {
      key = this.#random(32);
      this.#database
        .prepare('INSERT INTO dataset_key VALUES (?, ?, ?)')
        .run(dataset, epoch, this.#cipher.seal(context, key));
    } else {
      key = this.#cipher.open(context, row.sealed as Uint8Array);
    }
    return valueCipher(key, 'd-cloud dataset key v1', this.#random);
  }

  #transaction(story: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      story();
      this.#database.exec('COMMIT');
    } catch (fault) {
      this.#database.exec('ROLLBACK');
      throw fault;
    }
  }
}

function checkKey(database: DatabaseSync, cipher: ValueCipher): void {
  const known = database.prepare("SELECT value FROM meta WHERE name = 'check'").get();
  if (known === undefined) {
    database.prepare("INSERT INTO meta VALUES ('check', ?)").run(cipher.seal(['check'], new Uint8Array(32)));
    return;
  }
  try {
    cipher.open(['check'], known.value as Uint8Array);
  } catch (cause) {
    throw new Fault('misconfigured', 'The key file does not open this key store.', { cause });
  }
}

function sameKeys(left: VersionKeys | undefined, right: VersionKeys): boolean {
  return (
    left !== undefined &&
    left.dataset === right.dataset &&
    left.epoch === right.epoch &&
    Buffer.compare(left.contentKey, right.contentKey) === 0 &&
    Buffer.compare(left.salt, right.salt) === 0 &&
    Buffer.compare(left.manifest, right.manifest) === 0
  );
}
