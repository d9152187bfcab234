import type { JobId } from '@d-cloud/chaincode/domain';
import { Database } from '../database.ts';
import type { ChosenPlacement } from '../publish/choose-placement.ts';

/** What the requester decided about a job's output before it asked for the job. */
export type OutputPlan = {
  readonly placement: ChosenPlacement;
  readonly title: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly licence: string;
  /** When the job was asked for, by this gateway's clock. */
  readonly requestedAt: string;
  /** Whether the output has an S whose shares lie with its fragments; those asked for by earlier releases have none. */
  readonly shared?: boolean;
};

/** A partition's sealed output as its compute node handed it over: the manifest's bytes and the signed statement's. */
export type PartitionOutput = { readonly manifest: Uint8Array; readonly envelope: Uint8Array };

const schema = `
  CREATE TABLE IF NOT EXISTS output_plan (job TEXT PRIMARY KEY, plan TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS output_shares (job TEXT PRIMARY KEY, digests BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS partition_output (job TEXT, partition INTEGER, token INTEGER, manifest BLOB NOT NULL, envelope BLOB NOT NULL,
    PRIMARY KEY (job, partition, token)) STRICT;
`;

/** What this gateway knows of its own jobs and the ledger does not. A returned put is on disk. */
export class JobStore implements Disposable {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
    this.#database.exec(schema);
  }

  /** Keeps the plan that came first and gives it: a repeated request changes nothing. */
  putPlan(job: JobId, plan: OutputPlan): OutputPlan {
    this.#database
      .prepare('INSERT INTO output_plan VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(job, JSON.stringify(plan));
    return this.plan(job) as OutputPlan;
  }

  plan(job: JobId): OutputPlan | undefined {
    const row = this.#database.prepare('SELECT plan FROM output_plan WHERE job = ?').get(job);
    return row === undefined ? undefined : (JSON.parse(row.plan as string) as OutputPlan);
  }

  /** Keeps the digests of the share blocks of a job's output: from now on its S is the one that these shares give. */
  putShares(job: JobId, digests: Uint8Array): void {
    this.#database.prepare('INSERT INTO output_shares VALUES (?, ?)').run(job, digests);
  }

  shares(job: JobId): Uint8Array | undefined {
    return this.#database.prepare('SELECT digests FROM output_shares WHERE job = ?').get(job)?.digests as
      | Uint8Array
      | undefined;
  }

  /** Keeps the output of one claim; the same claim may hand over again what it sealed again. */
  putOutput(job: JobId, partition: number, token: number, { manifest, envelope }: PartitionOutput): void {
    this.#database
      .prepare(
        'INSERT INTO partition_output VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET manifest = excluded.manifest, envelope = excluded.envelope',
      )
      .run(job, partition, token, manifest, envelope);
  }

  output(job: JobId, partition: number, token: number): PartitionOutput | undefined {
    const row = this.#database
      .prepare('SELECT manifest, envelope FROM partition_output WHERE job = ? AND partition = ? AND token = ?')
      .get(job, partition, token);
    return row === undefined
      ? undefined
      : { manifest: row.manifest as Uint8Array, envelope: row.envelope as Uint8Array };
  }

  /** Forgets everything of a job's output: its card, where it lies, its partitions' manifests. Fault `unavailable` while somebody reads: call it again. */
  forget(job: JobId): void {
    for (const table of ['output_plan', 'output_shares', 'partition_output'])
      this.#database.prepare(`DELETE FROM ${table} WHERE job = ?`).run(job);
    this.#database.truncateLog();
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
