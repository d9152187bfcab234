import { type JobRecord, keys, type Side, type Standing, type VersionId } from '../domain/index.ts';
import { needGrant } from './grant-contract.ts';
import type { Ledger } from './ledger.ts';

/** Reads what a running job stands on. Reading the grants puts the transaction after every earlier revoke. */
export async function standingOf(ledger: Ledger, job: JobRecord): Promise<Standing> {
  const grants = [];
  if (job.grant !== undefined) grants.push(await needGrant(ledger, job.grant));
  if (job.modelGrant !== undefined) grants.push(await needGrant(ledger, job.modelGrant));
  const modelVersion = await ledger.need(keys.modelVersion(job.model, job.modelNumber), 'MODEL_NOT_FOUND');
  const versions = [];
  for (const id of [job.version, job.modelVersion])
    versions.push(await ledger.need(keys.version(id), 'VERSION_NOT_FOUND'));
  return { grants, modelVersion, versions, departed: await ledger.departed() };
}

/** Reads one side of a job: a version, its dataset and the grant that was named for it. */
export async function sideOf(ledger: Ledger, id: VersionId, grant: JobRecord['grant']): Promise<Side> {
  const version = await ledger.need(keys.version(id), 'VERSION_NOT_FOUND');
  const dataset = await ledger.need(keys.dataset(version.dataset), 'DATASET_NOT_FOUND');
  return { version, dataset, grant: grant && (await needGrant(ledger, grant)) };
}
