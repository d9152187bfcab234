import type { Departed } from './departure.ts';
import { checkNotErased } from './erasure.ts';
import { modelVersionName } from './model.ts';
import type { JobRecord, ModelVersionRecord, VersionRecord } from './records.ts';
import { Refusal } from './refusal.ts';
import { checkInForce, type GrantInForce } from './rights.ts';

/** What a running job stands on. */
export type Standing = {
  readonly grants: readonly GrantInForce[];
  readonly modelVersion: ModelVersionRecord;
  /** The data's version, and the one that holds the model. */
  readonly versions: readonly VersionRecord[];
  /** Who has left: nothing goes back to a grant of theirs. */
  readonly departed: Departed;
};

/** Refuses where a right under the job has gone: GRANT_REVOKED, MODEL_REVOKED, ERASED, and with a time GRANT_EXPIRED. */
export function checkStanding({ grants, modelVersion, versions }: Standing, atMs?: number): void {
  for (const { grant } of grants) checkInForce(grant, atMs);
  if (modelVersion.state === 'revoked') {
    throw new Refusal('MODEL_REVOKED', `${modelVersionName(modelVersion.model, modelVersion.number)} was revoked`);
  }
  for (const version of versions) checkNotErased(version);
}

export function hasEnded({ state }: JobRecord): boolean {
  return state !== 'queued' && state !== 'running';
}

/** Refuses with STATE_CONFLICT once a job has ended. */
export function checkRunning(job: JobRecord): void {
  if (hasEnded(job)) throw new Refusal('STATE_CONFLICT', `job ${job.id} has ended: ${job.state}`);
}
