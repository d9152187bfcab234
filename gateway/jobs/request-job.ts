import {
  type DatasetId,
  type GrantId,
  type JobId,
  type JobRecord,
  type ModelId,
  type ModelVersionRecord,
  type MspId,
  type NumericSettings,
  Refusal,
  type Submits,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import type { RouteRequest } from '../http/route.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { ReadModel } from '../projection/index.ts';
import type { ChosenPlacement } from '../publish/choose-placement.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import type { Clock } from '../services.ts';
import type { JobStore } from './job-store.ts';
import { planSegments } from './plan-segments.ts';

export type RequestJobPowers = {
  readonly readModel: Pick<ReadModel, 'get' | 'list'>;
  readonly keys: KeyStore;
  readonly store: JobStore;
  readonly random: (sizeBytes: number) => Uint8Array;
  /** Where an output goes, among the storage nodes that answer now. */
  readonly placeOutput: (seed: VersionId) => Promise<ChosenPlacement>;
  /** Begins to place the shares of the output's S; what fails is done again when the first key is asked for. */
  readonly shareOutput: (job: JobRecord) => void;
  readonly failpoint: Failpoint;
  readonly clock: Clock;
};

export type JobWish = {
  readonly version: VersionId;
  readonly model: ModelId;
  readonly modelNumber?: number | undefined;
  readonly modelDigest?: string | undefined;
  readonly purpose: string;
  readonly grant?: GrantId | undefined;
  readonly modelGrant?: GrantId | undefined;
  readonly executors?: readonly MspId[] | undefined;
  readonly batchRows: number;
  readonly segmentsPerPartition?: number | undefined;
  readonly numeric: NumericSettings;
  readonly output: {
    readonly title: string;
    readonly description: string;
    readonly keywords: readonly string[];
    readonly licence: string;
  };
};

type Asker = Pick<RouteRequest, 'mint' | 'submit'>;

/**
 * Requests a job: plans its partitions from the version's public segment table, makes the output's keys durable, then asks the ledger.
 * The same request again is the same job. Rights, limits and the model's state are the ledger's to refuse.
 */
export async function requestJob(
  powers: RequestJobPowers,
  asker: Asker,
  wish: JobWish,
): Promise<{ readonly job: JobRecord; readonly block: number; readonly transaction: string }> {
  const version = powers.readModel.get('version', wish.version)?.record;
  if (version === undefined) throw new Refusal('VERSION_NOT_FOUND', `there is no version ${wish.version}`);
  const model = modelVersionFor(powers.readModel, wish);
  const id: JobId = asker.mint('job');
  const outputDataset: DatasetId = asker.mint('dset', 'output');
  const outputVersion: VersionId = asker.mint('vers', 'output');
  const { title, description, keywords, licence } = wish.output;
  if (powers.store.plan(id) === undefined) {
    const placement = await powers.placeOutput(outputVersion);
    powers.store.putPlan(id, {
      placement,
      title,
      description,
      keywords,
      licence,
      requestedAt: powers.clock.now().toISOString(),
      shared: true,
    });
  }
  if (powers.keys.job(id) === undefined) {
    powers.keys.putJob({ job: id, outputVersion, contentKey: powers.random(32), rowSaltSecret: powers.random(32) });
  }
  powers.failpoint('job.secrets-kept');
  const body: Submits['job:request']['body'] = {
    id,
    version: wish.version,
    model: wish.model,
    modelNumber: model.number,
    modelDigest: wish.modelDigest ?? model.digest,
    purpose: wish.purpose,
    ...(wish.grant === undefined ? {} : { grant: wish.grant }),
    ...(wish.modelGrant === undefined ? {} : { modelGrant: wish.modelGrant }),
    ...(wish.executors === undefined ? {} : { executors: wish.executors }),
    batchRows: wish.batchRows,
    numeric: wish.numeric,
    partitionSegments: planSegments(version.segmentRows, wish.segmentsPerPartition),
    outputDataset,
    outputVersion,
  };
  const { result, block, transaction } = await asker.submit('job:request', body, { step: 'request' });
  powers.failpoint('job.requested');
  powers.shareOutput(result);
  return { job: result, block, transaction };
}

/** The version of the model that is meant: the named one, or the newest that is not revoked. */
function modelVersionFor(
  readModel: Pick<ReadModel, 'get' | 'list'>,
  { model, modelNumber }: JobWish,
): ModelVersionRecord {
  if (modelNumber !== undefined) {
    const named = readModel.get('model-version', `${model}:${modelNumber}`)?.record;
    if (named !== undefined) return named;
  } else {
    const { items } = readModel.list(
      'model-version',
      { parent: model, everything: true },
      { limit: 200, order: 'newest' },
    );
    const newest = items.find(({ record }) => record.state === 'published')?.record ?? items[0]?.record;
    if (newest !== undefined) return newest;
  }
  throw new Refusal('MODEL_NOT_FOUND', `there is no such version of model ${model}`);
}
