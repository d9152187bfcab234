import {
  type CatalogueCard,
  canonicalBytes,
  cardCommitment,
  commit,
  type JobRecord,
  type MspId,
  type PartitionRecord,
  type Submits,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import {
  encodeManifest,
  manifestHash,
  mergeManifests,
  parseManifest,
  type StorageManifest,
  sizeClass,
  stripeCount,
} from '@d-cloud/pipelines/seal';
import { gatewayStamp } from '../background/gateway-stamp.ts';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { GatewayLedger } from '../ledger.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import type { JobStore, OutputPlan } from './job-store.ts';

export type FinishPowers = {
  readonly organization: MspId;
  readonly ledger: Pick<GatewayLedger, 'submit'>;
  readonly keys: KeyStore;
  readonly keeper: Pick<KeyKeeper, 'keep' | 'ready'>;
  readonly store: JobStore;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
  readonly failpoint: Failpoint;
  /** Seals accepted partitions anew, where failed ones leave gaps between them. */
  readonly reseal: (job: JobRecord, plan: OutputPlan, parts: readonly StorageManifest[]) => Promise<StorageManifest>;
};

/**
 * Ends a job whose partitions are all accepted or failed: joins their manifests, keeps the output's keys, registers the output version.
 * May be begun again after a crash at any line: what was kept is used again, and the ledger answers the same stamp once.
 */
export async function finishJob(
  powers: FinishPowers,
  job: JobRecord,
  partitions: readonly PartitionRecord[],
): Promise<{ readonly job: JobRecord; readonly block: number }> {
  const accepted = partitions.filter(({ state }) => state === 'accepted');
  const body: Submits['job:finish']['body'] = { id: job.id };
  if (accepted.length === 0) return submit(powers, job, body);
  const plan = powers.store.plan(job.id);
  const secrets = powers.keys.job(job.id);
  if (plan === undefined || secrets === undefined) {
    throw new Fault('corrupt', `The output plan or the secrets of ${job.id} are lost.`);
  }
  await powers.keeper.ready();
  const output = await outputOf(powers, job, plan, accepted);
  powers.failpoint('job.output-keys-kept');
  await powers.keeper.keep(job.outputVersion);
  const card = cardOf(powers, job, plan);
  return submit(powers, job, { ...body, output, cardCommitment: cardCommitment(card) }, { card: canonicalBytes(card) });
}

async function outputOf(
  powers: FinishPowers,
  job: JobRecord,
  plan: OutputPlan,
  accepted: readonly PartitionRecord[],
): Promise<OutputBody> {
  const kept = powers.keys.version(job.outputVersion);
  const parts = accepted
    .toSorted((a, b) => a.index - b.index)
    .map((partition) => acceptedManifest(powers.store, partition));
  // What was kept before a crash is what is used.
  const merged =
    kept !== undefined
      ? parseManifest(kept.manifest)
      : accepted.length === job.partitions
        ? mergeManifests(parts)
        : await powers.reseal(job, plan, parts);
  const bytes = encodeManifest(merged);
  const named = { version: job.outputVersion, dataset: job.outputDataset, epoch: 1 };
  const salt = kept?.salt ?? powers.random(32);
  const contentKey = powers.keys.job(job.id)?.contentKey as Uint8Array;
  powers.keys.putVersion({ ...named, contentKey, salt, manifest: bytes });
  return {
    id: job.outputVersion,
    dataset: job.outputDataset,
    epoch: 1,
    manifestCommitment: commit(salt, Buffer.from(manifestHash(bytes), 'hex')),
    contentRoot: merged.contentRoot,
    schemaHash: merged.schemaHash,
    rows: merged.rows,
    segmentRows: merged.segments.map(({ rows }) => rows),
    sizeClass: String(sizeClass(sealedBytes(merged))),
  };
}

type OutputBody = Pick<
  VersionRecord,
  | 'id'
  | 'dataset'
  | 'epoch'
  | 'manifestCommitment'
  | 'contentRoot'
  | 'schemaHash'
  | 'rows'
  | 'segmentRows'
  | 'sizeClass'
>;

/** The manifest that the accepted attestation of a partition names by its hash. */
export function acceptedManifest(store: Pick<JobStore, 'output'>, partition: PartitionRecord): StorageManifest {
  const { job, index, accepted } = partition;
  const kept = accepted && store.output(job, index, accepted.token);
  if (kept === undefined)
    throw new Fault('unavailable', `The output manifest of partition ${index} of ${job} is not here.`);
  if (manifestHash(kept.manifest) !== accepted?.manifestHash) {
    throw new Fault('corrupt', `The output manifest of partition ${index} of ${job} is not the attested one.`);
  }
  return parseManifest(kept.manifest);
}

function sealedBytes(manifest: StorageManifest): number {
  return manifest.segments.reduce(
    (sum, segment) => sum + segment.fragmentBytes * manifest.k * stripeCount(manifest, segment),
    0,
  );
}

/** The output's catalogue card: the same one each time it is written. */
function cardOf({ keyedHash }: FinishPowers, job: JobRecord, plan: OutputPlan): CatalogueCard {
  const salt = Buffer.from(keyedHash('card-salt', job.id)).toString('hex');
  const { title, description, keywords, licence } = plan;
  return { v: 1, dataset: job.outputDataset, salt, title, description, keywords, licence };
}

async function submit(
  powers: FinishPowers,
  job: JobRecord,
  body: Submits['job:finish']['body'],
  transient?: Readonly<Record<string, Uint8Array>>,
) {
  const stamp = gatewayStamp(powers.keyedHash, 'coordinator', `finish:${job.id}`, body);
  const { result, block } = await powers.ledger.submit(
    'job:finish',
    body,
    stamp,
    transient === undefined ? {} : { transient },
  );
  powers.failpoint('job.finished');
  return { job: result, block };
}
