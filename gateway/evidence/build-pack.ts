import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  batchPlan,
  type JobRecord,
  type MspId,
  type PartitionRecord,
  Refusal,
  type StorageNodeId,
  sha256,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { Fault, type Ledger } from '@d-cloud/network/ledger';
import { blockHash, parseBlock } from '@d-cloud/network/ledger/verify';
import { p256Signer, signEnvelope } from '@d-cloud/pipelines/attest';
import type { Custodian } from '../custody/custodian.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { manifestNow } from '../keys/manifest-now.ts';
import { type SharedSecrets, sharesAt } from '../keys/shared-secrets.ts';
import { listAll } from '../peer/list-all.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import type { ReadModel } from '../projection/index.ts';
import { neededBlocks } from './needed-blocks.ts';
import {
  type EvidencePack,
  encodePack,
  type PackedAnswer,
  packAnswer,
  packIndex,
  packIndexType,
  packKind,
} from './pack.ts';
import type { FromProveThread, PartitionToProve, ProveInit, Proven } from './prove-messages.ts';

export type EvidencePowers = {
  readonly organization: MspId;
  readonly channel: string;
  readonly fabric: Pick<Ledger, 'configBlocks' | 'endorsedAnswer'>;
  readonly readModel: ReadModel;
  readonly keys: KeyStore;
  readonly ways: () => ReadonlyMap<StorageNodeId, StorageWay>;
  readonly custody: Pick<Custodian, 'whereNow'>;
  readonly secrets: Pick<SharedSecrets, 'lend'>;
  /** The gateway's certificate and key, PEM. */
  readonly identity: { readonly certificate: string; readonly key: string };
};

/** Rows that are proven when nobody says which. */
const sampleRows = 5;
const mostRows = 1_000;

/**
 * Builds the evidence of a finished job: one file that an outsider can check offline against a pinned genesis hash. Result rows are proven
 * where this organization requested the job, because only it has the secret behind their salts.
 */
export async function buildEvidence(
  powers: EvidencePowers,
  job: JobRecord,
  options: { readonly rows?: readonly number[] | undefined; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const { signal } = options;
  if (job.state !== 'succeeded' && job.state !== 'partial') {
    throw new Refusal('STATE_CONFLICT', `job ${job.id} is ${job.state}: there is evidence only of what has a result`);
  }
  const partitions = listAll(powers.readModel, 'partition', { parent: job.id }).toSorted((a, b) => a.index - b.index);
  const numbers = await neededBlocks(powers.readModel, job, partitions, signal);
  const [configBlocks, blocks, proven] = await Promise.all([
    powers.fabric.configBlocks(numbers.at(-1) ?? 'newest', { signal }),
    answersFor(powers, numbers, signal),
    proveRows(powers, job, partitions, options),
  ]);
  const [genesis] = configBlocks;
  if (genesis === undefined) throw new Fault('corrupt', 'The channel has no genesis block.');
  const task = taskOf(powers, job);
  const parts = {
    v: 1,
    kind: packKind,
    about: {
      channel: powers.channel,
      genesis: Buffer.from(blockHash(parseBlock(genesis).header)).toString('hex'),
      job: job.id,
      outputVersion: job.outputVersion,
      packedBy: powers.organization,
      notes: notesFor(powers, job),
    },
    configBlocks: configBlocks.map((block) => Buffer.from(block).toString('base64')),
    blocks,
    shape: { task, ...(proven.dimensions === undefined ? {} : { dimensions: proven.dimensions }) },
    proofs: proven.proofs.map(({ proof, ...rest }) => ({
      ...rest,
      proof: { ...proof, rowPath: [...proof.rowPath], batchPath: [...proof.batchPath] },
    })),
    certificate: powers.identity.certificate,
  } satisfies Omit<EvidencePack, 'index'>;
  const signer = p256Signer(createPrivateKey(powers.identity.key));
  const index = await signEnvelope(packIndexType, packIndex(parts, sha256), [signer]);
  return encodePack({ ...parts, index: index as EvidencePack['index'] });
}

/** Every block in signed answers of as many organizations as answer, at least two where there are two. */
async function answersFor(
  powers: EvidencePowers,
  numbers: readonly number[],
  signal: AbortSignal,
): Promise<EvidencePack['blocks']> {
  const organizations = listAll(powers.readModel, 'organization').map(({ mspId }) => mspId);
  const others = organizations.filter((mspId) => mspId !== powers.organization);
  const blocks: EvidencePack['blocks'] = [];
  for (const number of numbers) {
    const answers: PackedAnswer[] = [];
    const faults: unknown[] = [];
    for (const organization of [powers.organization, ...others]) {
      if (answers.length >= 2) break;
      try {
        const args = [String(number)];
        answers.push(
          packAnswer(await powers.fabric.endorsedAnswer('GetBlockByNumber', args, { organization, signal })),
        );
      } catch (error) {
        signal.throwIfAborted();
        faults.push(error);
      }
    }
    if (answers.length < Math.min(2, organizations.length)) {
      throw new Fault('unavailable', `Block ${number} was not signed for by two organizations' peers.`, {
        cause: faults[0],
      });
    }
    blocks.push({ number, answers });
  }
  return blocks;
}

function taskOf({ readModel }: EvidencePowers, job: JobRecord): EvidencePack['shape']['task'] {
  const model = readModel.get('model', job.model)?.record;
  if (model === undefined) throw new Refusal('MODEL_NOT_FOUND', `there is no model ${job.model}`);
  return model.task;
}

async function proveRows(
  powers: EvidencePowers,
  job: JobRecord,
  partitions: readonly PartitionRecord[],
  { rows, signal }: { readonly rows?: readonly number[] | undefined; readonly signal: AbortSignal },
): Promise<Proven> {
  const secrets = powers.keys.job(job.id);
  const kept = powers.keys.version(job.outputVersion);
  const version = powers.readModel.get('version', job.version)?.record;
  if (secrets === undefined || kept === undefined || version === undefined) return { proofs: [], roots: [] };
  const wanted = rows ?? sampleOf(job.rows);
  if (wanted.length > mostRows) throw new Refusal('RECORD_INVALID', `at most ${mostRows} rows are proven at once`);
  const manifest = manifestNow(kept);
  const now = powers.custody.whereNow(manifest);
  const right = ['own', job.outputVersion];
  const init: ProveInit = {
    manifest: kept.manifest,
    contentKey: kept.contentKey,
    rowSaltSecret: secrets.rowSaltSecret,
    ways: powers.ways(),
    slots: now?.map(({ storageNode }) => storageNode),
    right,
    task: taskOf(powers, job),
    partitions: partitions.flatMap((partition) => toProve(partition, partitions, version, job, wanted)),
  };
  const proven = await powers.secrets.lend(
    sharesAt(manifest, now, right),
    (s) => inThread({ ...init, s }, signal),
    signal,
  );
  for (const { partition, root } of proven.roots) {
    if (partitions[partition]?.accepted?.resultRoot !== root) {
      throw new Fault('corrupt', `The stored results of partition ${partition} are not those that were attested.`);
    }
  }
  return proven;
}

function toProve(
  partition: PartitionRecord,
  all: readonly PartitionRecord[],
  version: VersionRecord,
  job: JobRecord,
  wanted: readonly number[],
): readonly PartitionToProve[] {
  const { index, firstRow, rows: planned, segments } = partition;
  const rows = wanted.filter((row) => row >= firstRow && row < firstRow + planned);
  if (rows.length === 0 || partition.accepted === undefined) return [];
  const plan = batchPlan(partition, version, job.batchRows);
  // The output holds the accepted partitions only, one after the other.
  const from = all.reduce(
    (sum, one) => (one.index < index && one.accepted !== undefined ? sum + one.segments : sum),
    0,
  );
  return [{ index, from, to: from + segments, firstRow, plan, rows }];
}

/** Rows spread evenly, the first and the last among them. */
function sampleOf(rows: number): readonly number[] {
  const count = Math.min(rows, sampleRows);
  return [...new Set(Array.from({ length: count }, (_, at) => Math.round((at * (rows - 1)) / Math.max(1, count - 1))))];
}

async function inThread(init: ProveInit, signal: AbortSignal): Promise<Proven> {
  const thread = new Worker(new URL('./prove-thread.js', import.meta.url), { workerData: init, name: 'prove' });
  try {
    const [said] = (await once(thread, 'message', { signal })) as [FromProveThread];
    if (said.kind === 'failed') throw new Fault('corrupt', `The result rows cannot be proven: ${said.detail}`);
    return said.proven;
  } finally {
    await thread.terminate();
  }
}

/** What the pack does not show. Always the same for the same network, so that nobody is surprised later. */
function notesFor({ readModel }: EvidencePowers, job: JobRecord): string[] {
  const addresses = listAll(readModel, 'organization').map(({ gatewayAddress }) => gatewayAddress);
  const isOneMachine = addresses.every((address) => /^https:\/\/(127\.|\[::1\]|localhost)/.test(address));
  return [
    ...(isOneMachine
      ? [
          'This network ran on one machine, which held the keys of all organizations: its signatures show that nothing was changed since, not that several parties agreed.',
        ]
      : []),
    'It shows that a registered compute node signed these results for this data and model, and that the ledger accepted it; not that the input was right or the model good.',
    'That no grant or model was revoked later is not shown: an absence is not signed.',
    ...(job.state === 'partial' ? ['Some partitions of the job failed; the result covers the others.'] : []),
  ];
}
