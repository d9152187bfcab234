/** Partitions that a job has at most unless the requester says how many segments each takes: progress in steps that people see, two transactions each. */
const usualPartitions = 32;

/**
 * Segments of each partition, in order; they cover the version exactly. A run of segments of one row each may be one item in parts, which only a
 * partition that holds all of them can read: such a run is never cut.
 */
export function planSegments(segmentRows: readonly number[], segmentsPerPartition?: number): readonly number[] {
  if (segmentRows.length === 0) throw new RangeError('a version has at least one segment');
  const each = segmentsPerPartition ?? Math.ceil(segmentRows.length / usualPartitions);
  const planned: number[] = [];
  let held = 0;
  for (const [at, rows] of segmentRows.entries()) {
    held++;
    const mayGoOn = rows === 1 && segmentRows[at + 1] === 1;
    if ((held >= each && !mayGoOn) || at === segmentRows.length - 1) {
      planned.push(held);
      held = 0;
    }
  }
  return planned;
}
