import {
  attestPartition,
  type ComputeNodeRecord,
  checkStanding,
  claimPartition,
  hasEnded,
  type JobId,
  type JobRecord,
  keys,
  limits,
  type PartitionRecord,
  Refusal,
  reassignPartition,
  releasePartition,
  verifyAttestation,
} from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import type { Ledger } from './ledger.ts';
import { standingOf } from './standing.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'partition', description: 'Claims and attestations of the parts of jobs' })
export class PartitionContract extends fabric.Contract {
  constructor() {
    super('partition');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  claim(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'partition:claim', body, request, async (ledger, asked) => {
      const { job: queued, partition: open } = await read(ledger, asked);
      const node = await ledger.need(keys.computeNode(asked.node), 'COMPUTE_NODE_NOT_FOUND');
      const standing = await standingOf(ledger, queued);
      const { transaction, atMs, caller } = ledger;
      const at = { transaction, atMs };
      const { partition, job } = claimPartition(caller, asked, open, queued, node, standing, at);
      ledger.put(keys.partition(job.id, partition.index), partition);
      ledger.remove(keys.open(job.id, partition.index));
      ledger.emit({ kind: 'partition.claimed', partition });
      // Only the first claim writes the job, so that later ones do not get into each other's way.
      if (queued.state === 'queued') {
        ledger.put(keys.job(job.id), job);
        ledger.emit({ kind: 'job.started', job });
      }
      return partition;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  release(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'partition:release', body, request, async (ledger, asked) => {
      const { job, partition } = await read(ledger, asked);
      const node = partition.claim && (await ledger.get(keys.computeNode(partition.claim.node)));
      return reopened(ledger, releasePartition(ledger.caller, asked, partition, job, node), 'partition.released');
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  reassign(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'partition:reassign', body, request, async (ledger, asked) => {
      const { job, partition } = await read(ledger, asked);
      return reopened(ledger, reassignPartition(ledger.caller, asked, partition, job), 'partition.reassigned');
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  attest(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'partition:attest', body, request, async (ledger, asked) => {
      const { job, partition: claimed } = await read(ledger, asked);
      const node = claimed.claim && (await ledger.get(keys.computeNode(claimed.claim.node)));
      const standing = await standingOf(ledger, job);
      const version = await ledger.need(keys.version(job.version), 'VERSION_NOT_FOUND');
      const { channel, transaction, caller } = ledger;
      const facts = { channel, job, partition: claimed, version, modelVersion: standing.modelVersion };
      const envelope = Buffer.from(asked.envelope, 'base64');
      const partition = attestPartition(caller, asked, claimed, job, node, standing, (claim, by) =>
        verifyAttestation(envelope, { ...facts, claim, node: by }, transaction),
      );
      ledger.put(keys.partition(job.id, partition.index), partition);
      ledger.emit({ kind: 'partition.attested', partition });
      return partition;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'partition:get', body, (ledger, { job, index }) =>
      ledger.need(keys.partition(job, index), 'PARTITION_NOT_FOUND'),
    );
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  list(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'partition:list', body, (ledger, { job }) => ledger.list(keys.partitions(job)));
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  listOpen(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'partition:listOpen', body, async (ledger, asked) => {
      const node = await ledger.need(keys.computeNode(asked.node), 'COMPUTE_NODE_NOT_FOUND');
      const found: PartitionRecord[] = [];
      if (node.state !== 'active') return found;
      const claimable = new Map<JobId, boolean>();
      for await (const { job, index } of ledger.scan(keys.opens())) {
        const known = claimable.get(job) ?? (await isClaimable(ledger, job, node));
        claimable.set(job, known);
        if (known) found.push(await ledger.need(keys.partition(job, index), 'PARTITION_NOT_FOUND'));
        if (found.length === limits.openListed) break;
      }
      return found;
    });
  }
}

/** Whether a node of this organization could claim from the job now. */
async function isClaimable(ledger: Ledger, id: JobId, { organization }: ComputeNodeRecord): Promise<boolean> {
  const job = await ledger.need(keys.job(id), 'JOB_NOT_FOUND');
  if (hasEnded(job) || !job.executors.includes(organization)) return false;
  try {
    checkStanding(await standingOf(ledger, job), ledger.atMs);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

async function read(
  ledger: Ledger,
  { job, index }: { readonly job: JobId; readonly index: number },
): Promise<{ readonly job: JobRecord; readonly partition: PartitionRecord }> {
  return {
    job: await ledger.need(keys.job(job), 'JOB_NOT_FOUND'),
    partition: await ledger.need(keys.partition(job, index), 'PARTITION_NOT_FOUND'),
  };
}

function reopened(
  ledger: Ledger,
  partition: PartitionRecord,
  kind: 'partition.released' | 'partition.reassigned',
): PartitionRecord {
  const { job, index, state } = partition;
  ledger.put(keys.partition(job, index), partition);
  if (state === 'open') ledger.put(keys.open(job, index), { v: 1, job, index });
  ledger.emit({ kind: state === 'failed' ? 'partition.failed' : kind, partition });
  return partition;
}
