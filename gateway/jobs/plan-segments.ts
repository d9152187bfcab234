/** Partitions that a job has at most unless the requester says how many segments each takes: progress in steps that people see, two transactions each. */
const usualPartitions = 32;

/** Segments of each partition, in order. They cover the version exactly; all but the last are equally long. */
export function planSegments(segments: number, segmentsPerPartition?: number): readonly number[] {
  if (!Number.isSafeInteger(segments) || segments < 1)
    throw new RangeError(`a version has at least one segment, got ${segments}`);
  const each = segmentsPerPartition ?? Math.ceil(segments / usualPartitions);
  const whole = Array.from({ length: Math.floor(segments / each) }, () => each);
  return segments % each === 0 ? whole : [...whole, segments % each];
}
