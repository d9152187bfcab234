import { limits } from './bodies.ts';
import { keyIdOf, sha256 } from './digest.ts';
import type { JobId } from './ids.ts';
import type {
  AcceptedAttestation,
  Claim,
  ComputeNodeRecord,
  JobRecord,
  PartitionRecord,
  VersionRecord,
} from './records.ts';
import { Refusal } from './refusal.ts';
import { type Caller, checkOwner } from './roles.ts';
import { checkRunning, checkStanding, type Standing } from './standing.ts';
import type { Submits } from './transactions.ts';

/** Cuts a version into partitions of so many segments each, in order. Refuses a plan that does not cover it exactly. */
export function planPartitions(
  job: JobId,
  { segmentRows }: VersionRecord,
  partitionSegments: readonly number[],
): readonly PartitionRecord[] {
  const planned = partitionSegments.reduce((sum, segments) => sum + segments, 0);
  if (planned !== segmentRows.length) {
    throw new Refusal(
      'RECORD_INVALID',
      `the partitions hold ${planned} segments, the version has ${segmentRows.length}`,
    );
  }
  let firstSegment = 0;
  let firstRow = 0;
  return partitionSegments.map((segments, index) => {
    const rows = segmentRows.slice(firstSegment, firstSegment + segments).reduce((sum, segment) => sum + segment, 0);
    const partition = {
      v: 1,
      job,
      index,
      firstSegment,
      segments,
      firstRow,
      rows,
      state: 'open',
      attempts: 0,
      token: 0,
    } as const;
    firstSegment += segments;
    firstRow += rows;
    return partition;
  });
}

/** What makes a claim's statement fresh: SHA-256 over the claiming transaction and what it claims, hex. */
export function challengeOf(transaction: string, job: JobId, index: number, token: number): string {
  return sha256(`${transaction}:${job}:${index}:${token}`);
}

/** Gives an open partition to a compute node under the next fencing token. */
export function claimPartition(
  caller: Caller,
  { ephemeralKey }: Submits['partition:claim']['body'],
  partition: PartitionRecord,
  job: JobRecord,
  node: ComputeNodeRecord,
  standing: Standing,
  at: { readonly transaction: string; readonly atMs: number },
): { readonly partition: PartitionRecord; readonly job: JobRecord } {
  checkNode(caller, node);
  if (node.state !== 'active') throw new Refusal('NODE_NOT_ACTIVE', `${node.id} is ${node.state}`);
  checkRunning(job);
  checkStanding(standing, at.atMs);
  if (!job.executors.includes(node.organization)) {
    throw new Refusal('EXECUTOR_NOT_ALLOWED', `${node.organization} is not among the executors of job ${job.id}`);
  }
  const { index, state } = partition;
  if (state === 'claimed')
    throw new Refusal('PARTITION_CLAIMED', `partition ${index} is claimed by ${partition.claim?.node}`);
  if (state !== 'open') throw new Refusal('STATE_CONFLICT', `partition ${index} is ${state}`);
  const token = partition.token + 1;
  const claim: Claim = {
    node: node.id,
    organization: node.organization,
    token,
    ephemeralKey,
    challenge: challengeOf(at.transaction, job.id, index, token),
    transaction: at.transaction,
  };
  return {
    partition: { ...withoutReason(partition), state: 'claimed', token, claim },
    job: { ...job, state: 'running' },
  };
}

/** The caller must sign with the node's registered key. */
function checkNode(caller: Caller, node: ComputeNodeRecord): void {
  checkOwner(caller, node.organization, node.id);
  if (caller.keyId !== keyIdOf(node.publicKey)) {
    throw new Refusal('CALLER_NOT_OWNER', `${node.id} is registered with another key than the caller's certificate`);
  }
}

/** The claim that a token speaks for. Every other token is fenced off. */
function currentClaim({ state, claim, token, index }: PartitionRecord, given: number): Claim {
  if (state !== 'claimed' || claim === undefined || claim.token !== given) {
    throw new Refusal('FENCED', `token ${given} of partition ${index} is not current (it is ${state}, token ${token})`);
  }
  return claim;
}

/** The claiming node gives its partition up. */
export function releasePartition(
  caller: Caller,
  { token, reason }: Submits['partition:release']['body'],
  partition: PartitionRecord,
  job: JobRecord,
  node: ComputeNodeRecord | undefined,
): PartitionRecord {
  checkRunning(job);
  const claim = currentClaim(partition, token);
  checkClaimant(caller, claim, node);
  return reopen(partition, reason);
}

/** The requester takes a partition away from a node that it takes for dead. */
export function reassignPartition(
  caller: Caller,
  { token, reason }: Submits['partition:reassign']['body'],
  partition: PartitionRecord,
  job: JobRecord,
): PartitionRecord {
  checkOwner(caller, job.requester, `job ${job.id}`);
  checkRunning(job);
  currentClaim(partition, token);
  return reopen(partition, reason);
}

/** Ends an attempt: the token moves on, so that the old claim is fenced off at once; the third failed attempt is the last. */
function reopen({ claim: _, ...partition }: PartitionRecord, reason: string): PartitionRecord {
  const attempts = partition.attempts + 1;
  const state = attempts >= limits.attempts ? 'failed' : 'open';
  return { ...partition, state, attempts, token: partition.token + 1, reason };
}

function withoutReason({ reason: _, ...partition }: PartitionRecord): PartitionRecord {
  return partition;
}

function checkClaimant(
  caller: Caller,
  claim: Claim,
  node: ComputeNodeRecord | undefined,
): asserts node is ComputeNodeRecord {
  if (node === undefined || node.id !== claim.node) {
    throw new Refusal('COMPUTE_NODE_NOT_FOUND', `the claiming node ${claim.node} is not registered`);
  }
  checkNode(caller, node);
}

/** Accepts a partition's attestation; `read` verifies the envelope against the claim once the token is known to be current. */
export function attestPartition(
  caller: Caller,
  { token }: Submits['partition:attest']['body'],
  partition: PartitionRecord,
  job: JobRecord,
  node: ComputeNodeRecord | undefined,
  standing: Standing,
  read: (claim: Claim, node: ComputeNodeRecord) => AcceptedAttestation,
): PartitionRecord {
  checkRunning(job);
  const claim = currentClaim(partition, token);
  checkClaimant(caller, claim, node);
  checkStanding(standing);
  const { claim: _, ...rest } = partition;
  return { ...rest, state: 'accepted', claim, accepted: read(claim, node) };
}
