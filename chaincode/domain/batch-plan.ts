import { canonicalBytes } from './canonical-json.ts';
import { sha256 } from './digest.ts';
import type { Digest, JobRecord, PartitionRecord, VersionRecord } from './records.ts';

/**
 * Rows of every batch of a partition, in order: each segment is cut on its own into batches of `batchRows`, the last one shorter,
 * so that no batch crosses a segment. Part of the job and never the compute node's choice.
 */
export function batchPlan(
  partition: Pick<PartitionRecord, 'firstSegment' | 'segments'>,
  version: Pick<VersionRecord, 'segmentRows'>,
  batchRows: number,
): readonly number[] {
  const { firstSegment, segments } = partition;
  return version.segmentRows.slice(firstSegment, firstSegment + segments).flatMap((rows) => {
    const whole = Array.from({ length: Math.floor(rows / batchRows) }, () => batchRows);
    return rows % batchRows === 0 ? whole : [...whole, rows % batchRows];
  });
}

/** How many batches that plan has, without making it. */
export function countBatches(
  { firstSegment, segments }: Pick<PartitionRecord, 'firstSegment' | 'segments'>,
  { segmentRows }: Pick<VersionRecord, 'segmentRows'>,
  batchRows: number,
): number {
  return segmentRows
    .slice(firstSegment, firstSegment + segments)
    .reduce((sum, rows) => sum + Math.ceil(rows / batchRows), 0);
}

/** SHA-256 of the plan's canonical JSON: `spec.batchPlan` in a statement. */
export function batchPlanDigest(plan: readonly number[]): Digest {
  return sha256(canonicalBytes(plan));
}

/** SHA-256 of what a job fixes for every compute node: `spec.digest` in a statement. */
export function jobSpecDigest(job: JobRecord): Digest {
  const { id, version, model, modelNumber, modelDigest, purpose, batchRows, numeric, rows, partitions } = job;
  return sha256(
    canonicalBytes({ id, version, model, modelNumber, modelDigest, purpose, batchRows, numeric, rows, partitions }),
  );
}
