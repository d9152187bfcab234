import { countBatches } from './batch-plan.ts';
import { limits } from './bodies.ts';
import { outputDataset, versionOf } from './dataset.ts';
import type { MspId } from './ids.ts';
import { checkRunnable, modelVersionName } from './model.ts';
import { planPartitions } from './partition.ts';
import type {
  DatasetRecord,
  GrantCounterRecord,
  JobRecord,
  ModelRecord,
  ModelVersionRecord,
  PartitionRecord,
  VersionRecord,
} from './records.ts';
import { Refusal } from './refusal.ts';
import { authorize, type GrantInForce, giveBack, intersect, needsGrant, rightOn } from './rights.ts';
import { type Caller, checkOwner } from './roles.ts';
import { checkRunning, type Standing } from './standing.ts';
import type { Submits } from './transactions.ts';

/** One side of a job: the data, or the model as data. */
export type Side = {
  readonly dataset: DatasetRecord;
  readonly version: VersionRecord;
  readonly grant?: GrantInForce | undefined;
};

export type JobInputs = {
  readonly data: Side;
  readonly weights: Side;
  readonly model: ModelRecord;
  readonly modelVersion: ModelVersionRecord;
};

/**
 * Admits a job: the right to use the data with this model for this purpose, the right to use the model, an approved model version
 * of the meant digest, executors that both sides allow, partitions that cover the version. Reserves rows and a use on limited grants.
 */
export function requestJob(
  caller: Caller,
  body: Submits['job:request']['body'],
  { data, weights, model, modelVersion }: JobInputs,
  atMs: number,
): {
  readonly job: JobRecord;
  readonly partitions: readonly PartitionRecord[];
  readonly counters: readonly GrantCounterRecord[];
} {
  const ask = { member: caller.mspId, action: 'use', purpose: body.purpose, rows: data.version.rows, atMs } as const;
  const onData = authorize({ ...ask, ...data, model: model.id });
  const onModel = authorize({ ...ask, ...weights });
  checkRunnable(model, modelVersion, body.modelDigest);
  const executors = executorsFor(body.executors, intersect(onData.right, onModel.right).executors, caller.mspId);
  const partitions = planPartitions(body.id, data.version, body.partitionSegments);
  for (const partition of partitions) {
    const batches = countBatches(partition, data.version, body.batchRows);
    if (batches > limits.batches) {
      throw new Refusal(
        'RECORD_INVALID',
        `partition ${partition.index} has ${batches} batches, at most ${limits.batches} may be; take more rows a batch`,
      );
    }
  }
  // A grant that was named and is not needed reserved nothing, so it must not be there to give anything back.
  const grant = needsGrant(data.dataset, caller.mspId) ? body.grant : undefined;
  const modelGrant = needsGrant(weights.dataset, caller.mspId) ? body.modelGrant : undefined;
  if (grant !== undefined && grant === modelGrant) {
    throw new Refusal('GRANT_MISMATCH', `grant ${grant} cannot stand for the data and the model of one job`);
  }
  return {
    job: {
      v: 1,
      id: body.id,
      requester: caller.mspId,
      version: data.version.id,
      dataset: data.dataset.id,
      datasetOwner: data.dataset.owner,
      model: model.id,
      modelNumber: modelVersion.number,
      modelVersion: modelVersion.version,
      modelOwner: model.owner,
      modelDigest: modelVersion.digest,
      purpose: body.purpose,
      ...(grant === undefined ? {} : { grant }),
      ...(modelGrant === undefined ? {} : { modelGrant }),
      executors,
      batchRows: body.batchRows,
      numeric: body.numeric,
      rows: data.version.rows,
      partitions: partitions.length,
      outputDataset: body.outputDataset,
      outputVersion: body.outputVersion,
      state: 'queued',
    },
    partitions,
    counters: [onData.counter, onModel.counter].filter((counter) => counter !== undefined),
  };
}

/** Who may run it: what the requester names, within what both rights allow; unnamed, all whom they list, or else the requester. */
function executorsFor(
  named: readonly MspId[] | undefined,
  allowed: readonly MspId[] | undefined,
  requester: MspId,
): readonly MspId[] {
  const executors = named ?? allowed ?? [requester];
  const stranger = executors.find((mspId) => allowed !== undefined && !allowed.includes(mspId));
  if (stranger !== undefined) {
    throw new Refusal(
      'EXECUTOR_NOT_ALLOWED',
      `${stranger} may not open this data; allowed: ${allowed?.join(', ') || 'nobody'}`,
    );
  }
  if (executors.length === 0)
    throw new Refusal('EXECUTOR_NOT_ALLOWED', 'no organization may open both the data and the model');
  return [...executors].sort((a, b) => (a < b ? -1 : 1));
}

/**
 * What goes back to the grants when a job ends. Rows count as used from the first claim of their partition, because a claim makes
 * the owner release their keys; the use counts once any row does. A grant whose owner has left takes nothing back: it is over, and its
 * counter cannot be written without the owner's peer, so that the job could never end.
 */
function unusedBy(
  partitions: readonly PartitionRecord[],
  { grants, departed }: Standing,
): readonly GrantCounterRecord[] {
  const rows = partitions.reduce((sum, { token, rows: planned }) => (token === 0 ? sum + planned : sum), 0);
  const uses = partitions.every(({ token }) => token === 0) ? 1 : 0;
  const living = grants.filter(({ grant }) => !departed.includes(grant.owner));
  return living.map((held) => giveBack(held, { rows, uses })).filter((counter) => counter !== undefined);
}

export function cancelJob(
  caller: Caller,
  job: JobRecord,
  partitions: readonly PartitionRecord[],
  standing: Standing,
): { readonly job: JobRecord; readonly counters: readonly GrantCounterRecord[] } {
  checkOwner(caller, job.requester, `job ${job.id}`);
  checkRunning(job);
  return { job: { ...job, state: 'cancelled' }, counters: unusedBy(partitions, standing) };
}

/**
 * Ends a job. With every partition accepted or failed: succeeded, partial or failed, and the output version with its lineage where
 * anything was accepted, even when a right was revoked meanwhile, because that result exists. With partitions left, only where a
 * right was revoked or what it reads is erased: then it ends as `revoked` and has no output.
 */
export function finishJob(
  caller: Caller,
  { output, cardCommitment }: Submits['job:finish']['body'],
  job: JobRecord,
  partitions: readonly PartitionRecord[],
  standing: Standing,
  data: Side,
  weights: Side,
): {
  readonly job: JobRecord;
  readonly counters: readonly GrantCounterRecord[];
  readonly output?: { readonly dataset: DatasetRecord; readonly version: VersionRecord };
} {
  checkOwner(caller, job.requester, `job ${job.id}`);
  checkRunning(job);
  const state = endOf(job, partitions, standing);
  const counters = unusedBy(partitions, standing);
  if (state === 'failed' || state === 'revoked') {
    if (output !== undefined || cardCommitment !== undefined) {
      throw new Refusal('STATE_CONFLICT', `job ${job.id} ends as ${state} and has no output`);
    }
    return { job: { ...job, state }, counters };
  }
  if (output === undefined || cardCommitment === undefined) {
    throw new Refusal('RECORD_INVALID', `job ${job.id} ends as ${state}: its output and the output's card are missing`);
  }
  checkOutput(job, output, partitions);
  const right = intersect(rightOn(data.dataset, data.grant?.grant), rightOn(weights.dataset, weights.grant?.grant));
  const dataset = outputDataset(job.requester, job.outputDataset, right, cardCommitment);
  const origin = { parents: [job.version], job: job.id, model: modelVersionName(job.model, job.modelNumber) };
  return { job: { ...job, state }, counters, output: { dataset, version: versionOf(output, dataset, origin) } };
}

function endOf(job: JobRecord, partitions: readonly PartitionRecord[], standing: Standing): JobRecord['state'] {
  const accepted = partitions.filter(({ state }) => state === 'accepted').length;
  const failed = partitions.filter(({ state }) => state === 'failed').length;
  if (accepted + failed < partitions.length) {
    const gone =
      standing.grants.some(({ grant }) => grant.state === 'revoked') ||
      standing.modelVersion.state === 'revoked' ||
      standing.versions.some(({ erasure }) => erasure !== undefined);
    if (gone) return 'revoked';
    throw new Refusal('STATE_CONFLICT', `job ${job.id} has ${partitions.length - accepted - failed} partitions left`);
  }
  if (accepted === 0) return 'failed';
  return failed === 0 ? 'succeeded' : 'partial';
}

function checkOutput(
  job: JobRecord,
  output: NonNullable<Submits['job:finish']['body']['output']>,
  partitions: readonly PartitionRecord[],
): void {
  if (output.id !== job.outputVersion || output.dataset !== job.outputDataset) {
    throw new Refusal(
      'RECORD_INVALID',
      `the output must be version ${job.outputVersion} of dataset ${job.outputDataset}`,
    );
  }
  const rows = partitions.reduce((sum, { accepted }) => sum + (accepted?.rows ?? 0), 0);
  if (output.rows !== rows)
    throw new Refusal('RECORD_INVALID', `${rows} rows were accepted, the output says ${output.rows}`);
  if (output.epoch !== 1) throw new Refusal('RECORD_INVALID', 'an output dataset begins at key epoch 1');
}
