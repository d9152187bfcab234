import type { JobRecord } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import type { JobStatus } from '../../jobs/jobs.ts';
import type { Recorded } from '../../projection/index.ts';
import { digest, idOf, mspId } from '../schemas/ids.ts';
import { ledgerPlace, viewOf } from '../schemas/page.ts';

const graphOptimization = z.enum(['disabled', 'basic', 'extended', 'all']);
export const numericSettings = z.strictObject({
  threads: z.int().min(1).max(64).default(1),
  graphOptimization: graphOptimization.default('all'),
  preciseQuantization: z.boolean().default(true),
});

export const jobState = z.enum(['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled', 'revoked']);

const partition = z.object({
  index: z.int(),
  state: z.enum(['open', 'claimed', 'accepted', 'failed']),
  rows: z.int(),
  rowsDone: z.int(),
  attempts: z.int(),
  stage: z.string(),
  node: z.string().optional(),
  organization: z.string().optional(),
  failedRows: z.int().optional(),
  reason: z.string().optional(),
  transaction: z.string().optional(),
});

export const jobView = z
  .object({
    v: z.literal(1),
    id: idOf('job'),
    requester: mspId,
    version: idOf('vers'),
    dataset: idOf('dset'),
    datasetOwner: mspId,
    model: idOf('modl'),
    modelNumber: z.int(),
    modelVersion: idOf('vers'),
    modelOwner: mspId,
    modelDigest: digest,
    purpose: z.string(),
    grant: idOf('grnt').optional(),
    modelGrant: idOf('grnt').optional(),
    executors: z.array(mspId),
    batchRows: z.int(),
    numeric: z.object({ threads: z.int(), graphOptimization, preciseQuantization: z.boolean() }),
    rows: z.int(),
    partitions: z.int(),
    outputDataset: idOf('dset'),
    outputVersion: idOf('vers'),
    state: jobState,
    ledger: ledgerPlace,
    progress: z
      .object({
        rows: z.int(),
        rowsDone: z.int(),
        rowsPerSecond: z.number(),
        secondsLeft: z.number().optional(),
        stage: z.string(),
        partitions: z.array(partition),
      })
      .optional(),
    whyNotScheduled: z
      .array(z.object({ node: z.string(), organization: z.string(), reason: z.string() }))
      .optional()
      .describe('Why compute nodes are not working on what is open; only where one job is asked for'),
  })
  .meta({ id: 'Job' });

export type JobView = z.input<typeof jobView>;

export function jobViewOf(recorded: Recorded<JobRecord>): JobView {
  const { executors, ...rest } = viewOf(recorded);
  return { ...rest, executors: [...executors] };
}

export function jobStatusView({ job, progress, whyNotScheduled }: JobStatus): JobView {
  return {
    ...jobViewOf(job),
    progress: { ...progress, partitions: [...progress.partitions] },
    whyNotScheduled: [...whyNotScheduled],
  };
}
