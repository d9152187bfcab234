/** One claim from keys to attestation: what a compute node does with a partition that it holds. */
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type Claim,
  type ComputeNodeRecord,
  canonicalBytes,
  type JobRecord,
  type PartitionRecord,
  payloadType,
  Refusal,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { Logger } from 'pino';
import { type Signer, signEnvelope } from '../attest/index.ts';
import { defaultInferenceLimits, type Inference, resultSchemaHash, resultShape } from '../infer/index.ts';
import { type Attester, type PartitionTask, runPartition, statementOf } from '../partition/index.ts';
import {
  type KeyPair,
  openSegments,
  type PlainSegment,
  type SealThreads,
  type StorageManifest,
  sealSegments,
} from '../seal/index.ts';
import type { Heartbeat } from './heartbeat.ts';
import { keepTrying } from './keep-trying.ts';
import type { NodeLedger } from './node-ledger.ts';
import type { OpenModels } from './open-models.ts';
import type { Peers } from './peers.ts';
import { askForKeys, type OpeningKeys, type OutputKeys } from './released-keys.ts';
import type { StoredBlocks } from './stored-blocks.ts';

export type NodePowers = {
  readonly channel: string;
  readonly ledger: NodeLedger;
  readonly peers: Peers;
  readonly blocks: StoredBlocks;
  readonly models: OpenModels;
  readonly threads: SealThreads;
  readonly node: ComputeNodeRecord;
  readonly signer: Signer;
  /** Lower-case hex. */
  readonly certificateSerial: string;
  readonly now: () => Date;
  readonly log: Logger;
};

export type HeldClaim = {
  readonly job: JobRecord;
  readonly partition: PartitionRecord;
  readonly claim: Claim;
  readonly ephemeral: KeyPair;
};

/** How long handing over a sealed manifest is tried while the requester's gateway is away. */
const handOverMs = 10 * 60_000;

/** How long a fragment waits for its storage node: another run of the partition would need the same one. */
const storageAwayMs = 10 * 60_000;

/** Runs a claim to its accepted attestation. Rejects with the signal's reason, a `Refusal` where the claim no longer stands, or a `Fault`. */
export async function runClaim(
  powers: NodePowers,
  held: HeldClaim,
  heartbeat: Heartbeat,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, peers, channel, node, signer, certificateSerial } = powers;
  const { job, partition, claim } = held;
  const version = await ledger.evaluate('dataset:getVersion', { id: job.version }, signal);
  const modelVersion = await ledger.evaluate('model:getVersion', { model: job.model, number: job.modelNumber }, signal);

  heartbeat.tell({ stage: 'keys' });
  const keys = await askForKeys(peers, channel, held, held.ephemeral, signal);
  checkManifest(keys.input, version);
  const modelSealed = await ledger.evaluate('dataset:getVersion', { id: job.modelVersion }, signal);
  checkManifest(keys.model, modelSealed);

  heartbeat.tell({ stage: 'model' });
  const right = ['claim', job.id, String(partition.index), String(claim.token)];
  const inference = await powers.models.open(
    job,
    modelVersion,
    () => opened(powers, keys.model, right, signal),
    signal,
  );

  heartbeat.tell({ stage: 'rows' });
  const task: PartitionTask = { channel, job, partition, claim, version, modelVersion };
  const range = { from: partition.firstSegment, to: partition.firstSegment + partition.segments };
  const { result, manifest } = await closingOn(signal, powers.models, inference, () =>
    runPartition(task, {
      input: opened(powers, keys.input, right, signal, range),
      inference,
      seal: (results) => sealed(powers, held, inference, keys.output, right, results, signal),
      rowSaltSecret: keys.output.rowSaltSecret,
      itemBytes: defaultInferenceLimits.itemBytes,
      now: powers.now,
      onRows: (rowsDone) => heartbeat.tell({ rowsDone }),
    }),
  );

  heartbeat.tell({ stage: 'attest' });
  const nodeClass = inference.card.class;
  const attester: Attester = { node, keyId: signer.keyId, certificateSerial, nodeClass };
  const statement = statementOf(task, attester, result);
  const envelope = Buffer.from(JSON.stringify(await signEnvelope(payloadType, canonicalBytes(statement), [signer])));
  await handOver(powers, held, { manifest, envelope }, signal);
  const { job: id, index } = partition;
  await ledger.submit(
    'partition:attest',
    { job: id, index, token: claim.token, envelope: envelope.toString('base64') },
    signal,
  );
}

async function* opened(
  { blocks, threads }: NodePowers,
  { manifest, keys, slots }: OpeningKeys,
  right: readonly string[],
  signal: AbortSignal,
  range?: { readonly from: number; readonly to: number },
) {
  const bound = await blocks.bind(slots, right);
  yield* openSegments(manifest, {
    secretFor: (index) => ({ key: keyOf(keys, index) }),
    get: (slot, cid, options) => bound.getUnverified(slot, cid, options),
    threads,
    signal,
    range,
  });
}

async function sealed(
  { blocks, threads }: NodePowers,
  { job, partition, claim }: HeldClaim,
  inference: Inference,
  output: OutputKeys,
  right: readonly string[],
  results: AsyncIterable<PlainSegment>,
  signal: AbortSignal,
): Promise<StorageManifest> {
  const bound = await blocks.bind(output.slots, right, job.outputVersion);
  return sealSegments(results, {
    version: job.outputVersion,
    secret: (index) => ({ key: keyOf(output.keys, index) }),
    shares: output.shares,
    token: claim.token,
    firstSegment: partition.firstSegment,
    segmentCount: output.segmentCount,
    scheme: output.scheme,
    slots: output.slots,
    schemaHash: resultSchemaHash(resultShape(inference.card)),
    threads,
    put: (fragment, options) =>
      keepTrying(() => bound.put(fragment, options), { withinMs: storageAwayMs, signal: options.signal ?? signal }),
    signal,
  });
}

function keyOf(keys: ReadonlyMap<number, Uint8Array>, index: number): Uint8Array {
  const key = keys.get(index);
  if (key === undefined) throw new Fault('misconfigured', `No key to segment ${index} was released to this claim`);
  return key;
}

/** The manifest that came with the keys must be the one whose commitment stands on the ledger. */
function checkManifest({ manifestBytes, salt }: OpeningKeys, version: VersionRecord): void {
  const manifestDigest = createHash('sha256').update(manifestBytes).digest();
  const commitment = createHash('sha256').update(salt).update(manifestDigest).digest();
  const recorded = Buffer.from(version.manifestCommitment, 'hex');
  if (recorded.length !== 32 || !timingSafeEqual(commitment, recorded)) {
    throw new Fault('corrupt', `The released manifest of ${version.id} is not the one on the ledger`);
  }
}

/** An aborted run leaves its model in the middle of a batch: that child is ended, not used again. */
async function closingOn<T>(
  signal: AbortSignal,
  models: OpenModels,
  inference: Inference,
  run: () => Promise<T>,
): Promise<T> {
  const stop = () => void models.forget(inference);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await run();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Gives the sealed manifest to the requester's gateway, which must have it before the ledger names it; waits for one that is away. */
async function handOver(
  { peers, log }: NodePowers,
  { job, partition, claim }: HeldClaim,
  { manifest, envelope }: { readonly manifest: Uint8Array; readonly envelope: Uint8Array },
  signal: AbortSignal,
): Promise<void> {
  const path = `/v1/partitions/${job.id}/${partition.index}/${claim.token}/manifest`;
  const body = {
    manifest: Buffer.from(manifest).toString('base64'),
    envelope: Buffer.from(envelope).toString('base64'),
  };
  const until = performance.now() + handOverMs;
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
    try {
      await peers.send('PUT', job.requester, path, body, { withinMs: 30_000, signal });
      return;
    } catch (error) {
      if (signal.aborted || error instanceof Refusal || performance.now() > until) throw error;
      log.warn(
        { job: job.id, partition: partition.index, err: error },
        "the requester's gateway does not take the manifest; trying again",
      );
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
