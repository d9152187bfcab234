/** Random schedules of claims, zombies, reassignments and races over one partition, on the rules alone. */
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyIdOf, sha256 } from './digest.ts';
import type { ComputeNodeId, DatasetId, JobId, ModelId, MspId, VersionId } from './ids.ts';
import { attestPartition, claimPartition, planPartitions, reassignPartition, releasePartition } from './partition.ts';
import type {
  AcceptedAttestation,
  ComputeNodeRecord,
  GrantRecord,
  JobRecord,
  PartitionRecord,
  VersionRecord,
} from './records.ts';
import { Refusal } from './refusal.ts';
import type { Caller } from './roles.ts';
import type { Standing } from './standing.ts';

const requester = 'BirchMSP' as MspId;
const owner = 'AlderMSP' as MspId;
const nodes = [0, 1, 2].map((at): { node: ComputeNodeRecord; caller: Caller } => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const organization = `Node${at}MSP` as MspId;
  const node: ComputeNodeRecord = {
    v: 1,
    id: `comp_${at}` as ComputeNodeId,
    organization,
    publicKey: pem,
    classes: ['R-1'],
    runtime: { ort: '1', executionProvider: 'cpu', isa: 'avx2' },
    state: 'active',
  };
  return { node, caller: { mspId: organization, role: 'compute-node', keyId: keyIdOf(pem) } };
});
const asRequester: Caller = { mspId: requester, role: 'gateway', keyId: '' };
const job: JobRecord = {
  v: 1,
  id: 'job_1' as JobId,
  requester,
  version: 'vers_1' as VersionId,
  dataset: 'dset_1' as DatasetId,
  datasetOwner: owner,
  model: 'modl_1' as ModelId,
  modelNumber: 1,
  modelVersion: 'vers_2' as VersionId,
  modelOwner: owner,
  modelDigest: sha256('x'),
  purpose: 'p',
  executors: nodes.map(({ node }) => node.organization),
  batchRows: 1,
  numeric: { threads: 1, graphOptimization: 'all', preciseQuantization: false },
  rows: 1,
  partitions: 1,
  outputDataset: 'dset_2' as DatasetId,
  outputVersion: 'vers_3' as VersionId,
  state: 'running',
};
const modelVersion: Standing['modelVersion'] = {
  v: 1,
  model: job.model,
  number: 1,
  version: job.modelVersion,
  digest: job.modelDigest,
  cardDigest: job.modelDigest,
  approvals: [],
  state: 'published',
};

/** `back` counts from the newest token; `by` is the claim's holder (0) or one of the others. */
type Move =
  | { kind: 'claim'; by: number }
  | { kind: 'attest'; by: number; back: number }
  | { kind: 'release'; by: number; back: number }
  | { kind: 'reassign'; back: number }
  | { kind: 'revoke' };
const by = fc.nat(2);
const back = fc.constantFrom(0, 0, 0, 1, 2, 3);
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('claim' as const), by }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('attest' as const), by, back }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), by, back }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('reassign' as const), back }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'revoke' as const }) },
);

function act(move: Move, partition: PartitionRecord, grants: Standing['grants'], at: number): PartitionRecord {
  const standing = { grants, modelVersion, versions: [], departed: [] };
  const name = { job: job.id, index: 0 };
  const reason = 'x';
  if (move.kind === 'revoke') return partition;
  const token = 'back' in move ? partition.token - move.back : 0;
  if (move.kind === 'reassign') return reassignPartition(asRequester, { ...name, token, reason }, partition, job);
  const holder = nodes.findIndex(({ node: { id } }) => id === partition.claim?.node);
  const { node, caller } = nodes[(Math.max(holder, 0) + move.by) % nodes.length] as (typeof nodes)[number];
  if (move.kind === 'claim') {
    const body = { ...name, node: node.id, ephemeralKey: '' };
    return claimPartition(caller, body, partition, job, node, standing, { transaction: `tx${at}`, atMs: 0 }).partition;
  }
  const claimant = nodes[holder]?.node;
  if (move.kind === 'release') return releasePartition(caller, { ...name, token, reason }, partition, job, claimant);
  const accept = () => ({ token, transaction: `tx${at}` }) as AcceptedAttestation;
  return attestPartition(caller, { ...name, token, envelope: '' }, partition, job, claimant, standing, accept);
}

/** `expect` costs more than the rules do; the counts at the end are expected. */
function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

describe('the claims of a partition', () => {
  beforeAll(() => {
    // Refusals are many here, and nobody reads where they came from.
    Error.stackTraceLimit = 0;
  });

  test('over 10,000 schedules lead to at most one accepted attestation, under the newest token, and never after a revoke', () => {
    const seen = { accepted: 0, fenced: 0, failed: 0, raced: 0 };
    // A move may be simulated on the state of some moves ago; it commits only if the partition has not changed since.
    const lag = fc.constantFrom(0, 0, 0, 0, 1, 2);
    const schedule = fc.array(fc.tuple(move, lag), { minLength: 8, maxLength: 24 });
    fc.assert(
      fc.property(schedule, (moves) => {
        const version = { segmentRows: [1] } as unknown as VersionRecord;
        const history: PartitionRecord[] = [...planPartitions(job.id, version, [1])];
        let grants: Standing['grants'] = [
          {
            grant: { id: 'grnt_1', state: 'issued', terms: {} } as unknown as GrantRecord,
            counter: { v: 1, grant: 'grnt_1' as GrantRecord['id'], rowsReserved: '0', usesReserved: 0 },
          },
        ];
        let accepted = 0;
        for (const [at, [next, lag]] of moves.entries()) {
          const now = history.at(-1) as PartitionRecord;
          const then = history.at(-1 - Math.min(lag, history.length - 1)) as PartitionRecord;
          if (next.kind === 'revoke') {
            grants = grants.map((held) => ({ ...held, grant: { ...held.grant, state: 'revoked' } }));
            continue;
          }
          let after: PartitionRecord;
          try {
            after = act(next, then, grants, at);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            if (error.code === 'FENCED') seen.fenced++;
            continue;
          }
          if (then !== now) {
            seen.raced++;
            continue;
          }
          if (next.kind === 'attest') {
            accepted++;
            must(grants[0]?.grant.state === 'issued', 'accepted after a revoke');
            must(after.accepted?.token === now.token, 'accepted under an old token');
          }
          must(after.token === now.token + (next.kind === 'attest' ? 0 : 1), 'a token that does not move on by one');
          history.push(after);
        }
        const last = history.at(-1) as PartitionRecord;
        must(accepted <= 1, 'two accepted attestations');
        must(last.attempts <= 3, 'a fourth attempt');
        must((last.state === 'accepted') === (accepted === 1), 'accepted without an attestation');
        must(
          (last.state === 'failed') === (last.attempts === 3),
          'failed before its attempts are spent, or open after',
        );
        const tokens = history.flatMap(({ claim, state }) => (state === 'claimed' && claim ? [claim.token] : []));
        must(new Set(tokens).size === tokens.length, 'one token given out twice');
        if (accepted === 1) seen.accepted++;
        if (last.state === 'failed') seen.failed++;
      }),
      { numRuns: 10_000 },
    );
    // The schedules must have gone everywhere, or they showed nothing.
    expect(seen.accepted).toBeGreaterThan(500);
    expect(seen.fenced).toBeGreaterThan(5000);
    expect(seen.failed).toBeGreaterThan(20);
    expect(seen.raced).toBeGreaterThan(500);
  });
});
