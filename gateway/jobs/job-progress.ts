import type { JobRecord, PartitionRecord } from '@d-cloud/chaincode/domain';
import type { Heartbeats } from './heartbeats.ts';

export type PartitionProgress = {
  readonly index: number;
  readonly state: PartitionRecord['state'];
  readonly rows: number;
  readonly rowsDone: number;
  readonly attempts: number;
  readonly stage: string;
  readonly node?: string;
  readonly organization?: string;
  readonly failedRows?: number;
  readonly reason?: string;
  readonly transaction?: string;
};

export type JobProgress = {
  readonly rows: number;
  readonly rowsDone: number;
  /** Rows a second since the job was requested, or until it ended; 0 before the first row. */
  readonly rowsPerSecond: number;
  /** Seconds left at that rate; absent when unknown or over. */
  readonly secondsLeft?: number;
  readonly stage: string;
  readonly partitions: readonly PartitionProgress[];
};

/** How far a job is, from its records and the last signs of life of its claims. */
export function jobProgress(
  job: JobRecord,
  partitions: readonly PartitionRecord[],
  heartbeats: Heartbeats,
  elapsedSeconds: number,
): JobProgress {
  const each = partitions.map((partition) => progressOf(partition, heartbeats));
  const rowsDone = each.reduce((sum, one) => sum + one.rowsDone, 0);
  const rowsPerSecond = elapsedSeconds > 0 ? rowsDone / elapsedSeconds : 0;
  const runs = job.state === 'queued' || job.state === 'running';
  return {
    rows: job.rows,
    rowsDone,
    rowsPerSecond: Math.round(rowsPerSecond * 100) / 100,
    ...(runs && rowsPerSecond > 0 ? { secondsLeft: Math.ceil((job.rows - rowsDone) / rowsPerSecond) } : {}),
    stage: stageOf(job, each),
    partitions: each,
  };
}

function progressOf(partition: PartitionRecord, heartbeats: Heartbeats): PartitionProgress {
  const { index, state, rows, attempts, claim, accepted, reason } = partition;
  const shown = { index, state, rows, attempts, ...(reason === undefined ? {} : { reason }) };
  if (state === 'accepted' && accepted !== undefined) {
    const { node, organization, failedRows, transaction } = accepted;
    return { ...shown, rowsDone: accepted.rows, stage: 'accepted', node, organization, failedRows, transaction };
  }
  if (state !== 'claimed' || claim === undefined) return { ...shown, rowsDone: 0, stage: state };
  const pulse = heartbeats.progress(partition.job, index, claim.token);
  const { node, organization, transaction } = claim;
  return {
    ...shown,
    rowsDone: Math.min(rows, pulse?.rowsDone ?? 0),
    stage: pulse?.stage ?? 'claimed',
    node,
    organization,
    transaction,
  };
}

function stageOf(job: JobRecord, partitions: readonly PartitionProgress[]): string {
  if (job.state !== 'queued' && job.state !== 'running') return job.state;
  if (partitions.every(({ state }) => state === 'open')) return 'waiting for a compute node';
  if (partitions.every(({ state }) => state === 'accepted' || state === 'failed')) return 'finishing';
  return 'running';
}
