import { existsSync } from 'node:fs';
import type { DatasetId, JobId, VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { Database } from '../database.ts';
import { readKeyFile } from './key-file.ts';
import type { KeyProtection } from './key-protection.ts';
import { type ValueCipher, valueCipher } from './sealed-value.ts';

/** What the owner keeps of a version so that it can be opened and released: the content key (32 bytes), the commitment's salt, the storage manifest. */
export type VersionKeys = {
  readonly version: VersionId;
  readonly dataset: DatasetId;
  readonly epoch: number;
  readonly contentKey: Uint8Array;
  readonly salt: Uint8Array;
  readonly manifest: Uint8Array;
  /** Digests of the share blocks as they are now, where S was shared anew since the manifest was written. */
  readonly shares?: Uint8Array;
};

/** Keys of a version that was sealed anew, before they count. */
export type NextKeys = Pick<VersionKeys, 'contentKey' | 'salt' | 'manifest'>;

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
  CREATE TABLE IF NOT EXISTS shares_now (version TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS next_key (version TEXT PRIMARY KEY, sealing INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, mark TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS job_secret (job TEXT PRIMARY KEY, output TEXT NOT NULL UNIQUE, content_key BLOB NOT NULL, row_salt BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS release_log (id INTEGER PRIMARY KEY, at TEXT NOT NULL, caller TEXT NOT NULL, node TEXT NOT NULL,
    against TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
`;

/**
 * The owner's key store: every value sealed under the organization's key file, every content key wrapped under its dataset's key of an epoch.
 * A returned put is on disk (synchronous = FULL). Opening it with another key file is refused.
 */
export class KeyStore implements Disposable {
  readonly #database: Database;
  readonly #cipher: ValueCipher;
  readonly #random: (bytes: number) => Uint8Array;
  /** Whether the log may have rows that were deleted: also those that a gateway which ended left there. */
  #isInLog = true;

  private constructor(database: Database, cipher: ValueCipher, random: (bytes: number) => Uint8Array) {
    this.#database = database;
    this.#cipher = cipher;
    this.#random = random;
  }

  static open(options: {
    readonly file: string;
    readonly keyFile: string;
    readonly random: (bytes: number) => Uint8Array;
    /** What the key file is under; nothing for a plain one. */
    readonly protection?: KeyProtection | undefined;
  }): KeyStore {
    const key = readKeyFile(options.keyFile, { ...options, storeExists: existsSync(options.file) });
    const cipher = valueCipher(key, 'd-cloud key store v1', options.random);
    const database = new Database(options.file);
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
    this.#transaction(() => {
      if (!this.#insertVersion(keys) && !sameKeys(this.version(keys.version), keys))
        throw new Fault('corrupt', `Other keys of ${keys.version} are already kept.`);
    });
  }

  /** The keys of a version, or nothing when this organization keeps none. */
  version(version: VersionId): VersionKeys | undefined {
    const row = this.#database.prepare('SELECT * FROM version_key WHERE version = ?').get(version);
    if (row === undefined) return undefined;
    const dataset = row.dataset as DatasetId;
    const epoch = row.epoch as number;
    const context = ['content-key', version, dataset, epoch];
    const now = this.#database.prepare('SELECT sealed FROM shares_now WHERE version = ?').get(version);
    return {
      version,
      dataset,
      epoch,
      contentKey: this.#datasetCipher(dataset, epoch).open(context, row.wrapped as Uint8Array),
      salt: this.#cipher.open(['salt', version], row.salt as Uint8Array),
      manifest: this.#cipher.open(['manifest', version], row.manifest as Uint8Array),
      ...(now === undefined ? {} : { shares: this.#cipher.open(['shares', version], now.sealed as Uint8Array) }),
    };
  }

  /** Every version whose keys are kept, with the epoch of the dataset key that they are wrapped under. */
  versions(): readonly Pick<VersionKeys, 'version' | 'dataset' | 'epoch'>[] {
    const rows = this.#database.prepare('SELECT version, dataset, epoch FROM version_key ORDER BY version').all();
    return rows as Pick<VersionKeys, 'version' | 'dataset' | 'epoch'>[];
  }

  /** From now on the shares of a version's S are these blocks. */
  putShares(version: VersionId, digests: Uint8Array): void {
    this.#database
      .prepare('INSERT INTO shares_now VALUES (?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed')
      .run(version, this.#cipher.seal(['shares', version], digests));
  }

  /** Wraps a version's content key under its dataset's key of another epoch, which is minted when there is none. */
  rewrapVersion(version: VersionId, epoch: number): void {
    this.#transaction(() => {
      const kept = this.version(version);
      if (kept === undefined || kept.epoch === epoch) return;
      const { dataset, contentKey } = kept;
      const wrapped = this.#datasetCipherToSeal(dataset, epoch).seal(
        ['content-key', version, dataset, epoch],
        contentKey,
      );
      contentKey.fill(0);
      this.#database
        .prepare('UPDATE version_key SET epoch = ?, wrapped = ? WHERE version = ?')
        .run(epoch, wrapped, version);
    });
  }

  /** Puts a version's new keys in the place of those that it had: it was sealed anew. */
  replaceVersion(keys: VersionKeys): void {
    this.#transaction(() => {
      this.#database.prepare('DELETE FROM version_key WHERE version = ?').run(keys.version);
      this.#database.prepare('DELETE FROM shares_now WHERE version = ?').run(keys.version);
      this.#insertVersion(keys);
      const job = this.#database.prepare('SELECT job FROM job_secret WHERE output = ?').get(keys.version)?.job;
      if (job !== undefined) {
        const sealed = this.#cipher.seal(['output-key', job as JobId, keys.version], keys.contentKey);
        this.#database.prepare('UPDATE job_secret SET content_key = ? WHERE job = ?').run(sealed, job);
      }
    });
    this.#forgetSoon();
  }

  /** Keeps the keys that a version will have once the ledger has its next sealing; other ones under the same sealing are written over. */
  putNext(sealing: number, { version, contentKey, salt, manifest }: Pick<VersionKeys, 'version'> & NextKeys): void {
    const lengths = Buffer.alloc(4);
    lengths.writeUInt16BE(contentKey.length, 0);
    lengths.writeUInt16BE(salt.length, 2);
    const sealed = this.#cipher.seal(['next', version, sealing], Buffer.concat([lengths, contentKey, salt, manifest]));
    this.#database
      .prepare(
        'INSERT INTO next_key VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealing = excluded.sealing, sealed = excluded.sealed',
      )
      .run(version, sealing, sealed);
  }

  next(version: VersionId): (NextKeys & { readonly sealing: number }) | undefined {
    const row = this.#database.prepare('SELECT sealing, sealed FROM next_key WHERE version = ?').get(version);
    if (row === undefined) return undefined;
    const sealing = row.sealing as number;
    const bytes = this.#cipher.open(['next', version, sealing], row.sealed as Uint8Array);
    const [keyEnd, saltEnd] = [4 + bytes.readUInt16BE(0), 4 + bytes.readUInt16BE(0) + bytes.readUInt16BE(2)];
    return {
      sealing,
      contentKey: bytes.subarray(4, keyEnd),
      salt: bytes.subarray(keyEnd, saltEnd),
      manifest: bytes.subarray(saltEnd),
    };
  }

  /** Versions that have next keys. */
  nextVersions(): readonly VersionId[] {
    const rows = this.#database.prepare('SELECT version FROM next_key ORDER BY version').all();
    return rows.map(({ version }) => version as VersionId);
  }

  /** Puts the next keys in the place of those that the version had, whose rows are overwritten. */
  takeNext(version: VersionId): void {
    const next = this.next(version);
    const row = this.#database.prepare('SELECT dataset, epoch FROM version_key WHERE version = ?').get(version);
    if (next === undefined || row === undefined) throw new RangeError(`there are no next keys of ${version}`);
    const { contentKey, salt, manifest } = next;
    const [dataset, epoch] = [row.dataset as DatasetId, row.epoch as number];
    this.replaceVersion({ version, dataset, epoch, contentKey, salt, manifest });
    this.dropNext(version);
  }

  dropNext(version: VersionId): void {
    this.#database.prepare('DELETE FROM next_key WHERE version = ?').run(version);
  }

  /** Forgets a version that was never published. */
  forgetVersion(version: VersionId): void {
    this.#remove([version]);
    this.#forgetSoon();
  }

  /** The dataset keys that are kept, each with how many versions are wrapped under it. */
  datasetKeys(): readonly { readonly dataset: DatasetId; readonly epoch: number; readonly versions: number }[] {
    const rows = this.#database
      .prepare(
        `SELECT dataset, epoch, (SELECT count(*) FROM version_key v WHERE v.dataset = k.dataset AND v.epoch = k.epoch) AS versions
         FROM dataset_key k ORDER BY dataset, epoch`,
      )
      .all();
    return rows as { dataset: DatasetId; epoch: number; versions: number }[];
  }

  /** A dataset's key of an epoch, to be wrapped to others: the caller clears it. */
  datasetKey(dataset: DatasetId, epoch: number): Buffer | undefined {
    const row = this.#database
      .prepare('SELECT sealed FROM dataset_key WHERE dataset = ? AND epoch = ?')
      .get(dataset, epoch);
    return row === undefined ? undefined : this.#cipher.open(['dataset-key', dataset, epoch], row.sealed as Uint8Array);
  }

  /** Takes in a dataset's key that was recovered; another one under the same epoch is a fault. */
  adoptDatasetKey(dataset: DatasetId, epoch: number, key: Uint8Array): void {
    const known = this.datasetKey(dataset, epoch);
    if (known !== undefined && Buffer.compare(known, key) !== 0)
      throw new Fault(
        'corrupt',
        `Another key of ${dataset} of epoch ${epoch} is already kept: run dcloud keys recover first.`,
      );
    if (known === undefined) this.#insertDatasetKey(dataset, epoch, key);
  }

  /** Destroys a dataset's key of an epoch under which no version is wrapped any more: on the disk too. Gives whether it is gone; Fault as `forgetOnDisk`. */
  destroyDatasetKey(dataset: DatasetId, epoch: number): boolean {
    const { changes } = this.#database
      .prepare(
        `DELETE FROM dataset_key WHERE dataset = ?1 AND epoch = ?2
         AND NOT EXISTS (SELECT 1 FROM version_key WHERE dataset = ?1 AND epoch = ?2)`,
      )
      .run(dataset, epoch);
    if (changes > 0) this.#forgetNow();
    return this.datasetKey(dataset, epoch) === undefined;
  }

  /** Seals what the ledger shall keep of a version, under its dataset's key. */
  sealKept(
    { version, dataset, epoch }: Pick<VersionKeys, 'version' | 'dataset' | 'epoch'>,
    text: Uint8Array,
  ): Uint8Array {
    return this.#datasetCipher(dataset, epoch).seal(['kept', version, dataset, epoch], text);
  }

  openKept(
    { version, dataset, epoch }: Pick<VersionKeys, 'version' | 'dataset' | 'epoch'>,
    sealed: Uint8Array,
  ): Buffer {
    return this.#datasetCipher(dataset, epoch).open(['kept', version, dataset, epoch], sealed);
  }

  /** What this store knows to be kept on the ledger, by name: a mark of what was kept, empty while that is not certain. */
  kept(): ReadonlyMap<string, string> {
    const rows = this.#database.prepare('SELECT name, mark FROM kept').all() as { name: string; mark: string }[];
    return new Map(rows.map(({ name, mark }) => [name, mark]));
  }

  markKept(marks: ReadonlyMap<string, string>): void {
    const put = this.#database.prepare('INSERT INTO kept VALUES (?, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark');
    this.#transaction(() => {
      for (const [name, mark] of marks) put.run(name, mark);
    });
  }

  unmarkKept(names: readonly string[]): void {
    const remove = this.#database.prepare('DELETE FROM kept WHERE name = ?');
    this.#transaction(() => {
      for (const name of names) remove.run(name);
    });
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

  /** The secrets of the job that a version is the output of. */
  jobOf(output: VersionId): JobSecrets | undefined {
    const row = this.#database.prepare('SELECT job FROM job_secret WHERE output = ?').get(output);
    return row === undefined ? undefined : this.job(row.job as JobId);
  }

  /** Forgets the secrets of a job that was never requested. */
  forgetJob(job: JobId): void {
    this.#database.prepare('DELETE FROM job_secret WHERE job = ?').run(job);
  }

  /**
   * Destroys the keys of versions, of the jobs that made them, and of a whole dataset where one is named: what lay there is overwritten, in the
   * log behind the file too. Nothing of this store opens them again; older copies of the store would. Fault `unavailable` while somebody
   * reads the store: they are not destroyed until the same call came back.
   */
  destroy(versions: readonly VersionId[], dataset?: DatasetId): void {
    this.#remove(versions, dataset);
    this.#forgetNow();
  }

  #remove(versions: readonly VersionId[], dataset?: DatasetId): void {
    this.#transaction(() => {
      for (const version of versions) {
        this.#database.prepare('DELETE FROM version_key WHERE version = ?').run(version);
        this.#database.prepare('DELETE FROM shares_now WHERE version = ?').run(version);
        this.#database.prepare('DELETE FROM next_key WHERE version = ?').run(version);
        // An output's content key lies beside its job's secrets too.
        this.#database.prepare('DELETE FROM job_secret WHERE output = ?').run(version);
      }
      if (dataset !== undefined) this.#database.prepare('DELETE FROM dataset_key WHERE dataset = ?').run(dataset);
    });
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
    this.putSecret(name, minted);
    return minted;
  }

  /** Takes in a secret that was recovered, under a name that has none. */
  putSecret(name: string, secret: Uint8Array): void {
    this.#database
      .prepare('INSERT INTO meta VALUES (?, ?)')
      .run(`secret:${name}`, this.#cipher.seal(['secret', name], secret));
  }

  /** Destroys a secret: on the disk too. Fault as `forgetOnDisk`. */
  forgetSecret(name: string): void {
    this.#database.prepare('DELETE FROM meta WHERE name = ?').run(`secret:${name}`);
    this.#forgetNow();
  }

  /**
   * Takes what was deleted off the disk where it is not yet: deleted rows are overwritten (secure_delete) in the file, and what the log still
   * has of them goes with it. Fault `unavailable` while somebody reads the store, as a backup does: call it again.
   */
  forgetOnDisk(): void {
    if (!this.#isInLog) return;
    this.#database.truncateLog();
    this.#isInLog = false;
  }

  /** The names of the secrets that there are and begin so. */
  secretNames(prefix: string): readonly string[] {
    return this.#database
      .prepare("SELECT substr(name, 8) AS name FROM meta WHERE name LIKE 'secret:%' ORDER BY name")
      .all()
      .map(({ name }) => name as string)
      .filter((name) => name.startsWith(prefix));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** Seals and opens under a dataset's key of an epoch. Fault `corrupt` where it is not kept. */
  #datasetCipher(dataset: DatasetId, epoch: number): ValueCipher {
    const key = this.datasetKey(dataset, epoch);
    if (key === undefined)
      throw new Fault('corrupt', `The key of ${dataset} of epoch ${epoch} is not in this key store.`);
    const cipher = valueCipher(key, 'd-cloud dataset key v1', this.#random);
    key.fill(0);
    return cipher;
  }

  /** The same, and mints the key when there is none. */
  #datasetCipherToSeal(dataset: DatasetId, epoch: number): ValueCipher {
    const known = this.datasetKey(dataset, epoch);
    if (known === undefined) this.#insertDatasetKey(dataset, epoch, this.#random(32));
    known?.fill(0);
    return this.#datasetCipher(dataset, epoch);
  }

  #insertDatasetKey(dataset: DatasetId, epoch: number, key: Uint8Array): void {
    this.#database
      .prepare('INSERT INTO dataset_key VALUES (?, ?, ?)')
      .run(dataset, epoch, this.#cipher.seal(['dataset-key', dataset, epoch], key));
  }

  /** Whether it was put: not where the version has keys already. */
  #insertVersion({ version, dataset, epoch, contentKey, salt, manifest, shares }: VersionKeys): boolean {
    const wrapped = this.#datasetCipherToSeal(dataset, epoch).seal(
      ['content-key', version, dataset, epoch],
      contentKey,
    );
    const { changes } = this.#database
      .prepare('INSERT INTO version_key VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
      .run(
        version,
        dataset,
        epoch,
        wrapped,
        this.#cipher.seal(['salt', version], salt),
        this.#cipher.seal(['manifest', version], manifest),
      );
    if (changes > 0 && shares !== undefined) this.putShares(version, shares);
    return changes > 0;
  }

  #forgetNow(): void {
    this.#isInLog = true;
    this.forgetOnDisk();
  }

  /** Where nothing waits for it: what cannot go now goes with the next one. */
  #forgetSoon(): void {
    try {
      this.#forgetNow();
    } catch (error) {
      if (!(error instanceof Fault && error.kind === 'unavailable')) throw error;
    }
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

function checkKey(database: Database, cipher: ValueCipher): void {
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
