import type { DatasetId, RequestStamp, Submits, VersionId, VersionRecord } from '@d-cloud/chaincode/domain';
import { Database } from '../database.ts';

export type UploadState = 'putting' | 'placed' | 'published' | 'dropped';

export type PublishBody = Submits['dataset:publishVersion']['body'];

/** One attempt at publishing: each has its own version id, content key and blocks. */
export type Upload = {
  readonly version: VersionId;
  readonly dataset: DatasetId;
  readonly person: string;
  readonly key: string;
  readonly role: string;
  readonly attempt: number;
  readonly state: UploadState;
  /** From `placed` on: what is submitted, and under which stamp. */
  readonly body?: PublishBody;
  readonly stamp?: RequestStamp;
  readonly result?: VersionRecord;
};

const schema = `
  CREATE TABLE IF NOT EXISTS upload (version TEXT PRIMARY KEY, dataset TEXT NOT NULL, person TEXT NOT NULL, key TEXT NOT NULL, role TEXT NOT NULL,
    attempt INTEGER NOT NULL, state TEXT NOT NULL, body TEXT, stamp TEXT, result TEXT, UNIQUE (person, key, attempt)) STRICT;
  CREATE INDEX IF NOT EXISTS upload_state ON upload (state);
`;

/** The uploads of this gateway and how far each came; a returned write is on disk. */
export class UploadJournal implements Disposable {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.#database.exec(schema);
  }

  begin(upload: Omit<Upload, 'state' | 'body' | 'stamp' | 'result'>): void {
    this.#database
      .prepare("INSERT INTO upload VALUES (?, ?, ?, ?, ?, ?, 'putting', NULL, NULL, NULL)")
      .run(upload.version, upload.dataset, upload.person, upload.key, upload.role, upload.attempt);
  }

  placed(version: VersionId, body: PublishBody, stamp: RequestStamp): void {
    this.#database
      .prepare("UPDATE upload SET state = 'placed', body = ?, stamp = ? WHERE version = ?")
      .run(JSON.stringify(body), JSON.stringify(stamp), version);
  }

  published(version: VersionId, result: VersionRecord): void {
    this.#database
      .prepare("UPDATE upload SET state = 'published', result = ? WHERE version = ?")
      .run(JSON.stringify(result), version);
  }

  dropped(version: VersionId): void {
    this.#database.prepare("UPDATE upload SET state = 'dropped' WHERE version = ?").run(version);
  }

  get(version: VersionId): Upload | undefined {
    const row = this.#database.prepare('SELECT * FROM upload WHERE version = ?').get(version);
    return row === undefined ? undefined : asUpload(row);
  }

  /** All attempts under one idempotency key of one person, the first one first. */
  attempts(person: string, key: string): readonly Upload[] {
    return this.#database
      .prepare('SELECT * FROM upload WHERE person = ? AND key = ? ORDER BY attempt')
      .all(person, key)
      .map(asUpload);
  }

  in(state: UploadState): readonly Upload[] {
    return this.#database.prepare('SELECT * FROM upload WHERE state = ?').all(state).map(asUpload);
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function asUpload(row: Record<string, unknown>): Upload {
  const json = <T>(name: string) => (typeof row[name] === 'string' ? (JSON.parse(row[name]) as T) : undefined);
  const body = json<PublishBody>('body');
  const stamp = json<RequestStamp>('stamp');
  const result = json<VersionRecord>('result');
  return {
    version: row.version as VersionId,
    dataset: row.dataset as DatasetId,
    person: row.person as string,
    key: row.key as string,
    role: row.role as string,
    attempt: row.attempt as number,
    state: row.state as UploadState,
    ...(body === undefined ? {} : { body }),
    ...(stamp === undefined ? {} : { stamp }),
    ...(result === undefined ? {} : { result }),
  };
}
