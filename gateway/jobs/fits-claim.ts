import type { JobRecord, PartitionRecord, VersionRecord } from '@d-cloud/chaincode/domain';
import type { StorageManifest } from '@d-cloud/pipelines/seal';
import type { OutputPlan } from './job-store.ts';

/** A claim, and everything that the manifest of its sealed output must agree with. */
export type OutputClaim = {
  readonly job: Pick<JobRecord, 'outputVersion'>;
  readonly partition: Pick<PartitionRecord, 'firstSegment' | 'segments'>;
  readonly token: number;
  /** The input: one output segment for each of its segments. */
  readonly input: Pick<VersionRecord, 'segmentRows'>;
  readonly plan: Pick<OutputPlan, 'placement'>;
  /** Digests of the blocks with the shares of the output's S; nothing where it has none. */
  readonly shares: Uint8Array | undefined;
};

const none = new Uint8Array(0);

/**
 * Whether a manifest is of this claim's segments, row for row, dispersed as the requester planned. A compute node that wrote another one could
 * keep all fragments to itself, or hand over parts that never join: an accepted partition cannot be run again.
 */
export function fitsClaim(
  manifest: StorageManifest,
  { job, partition, token, input, plan, shares }: OutputClaim,
): boolean {
  const { firstSegment, segments } = partition;
  const rows = input.segmentRows.slice(firstSegment, firstSegment + segments);
  const { k, n, slots } = plan.placement;
  return (
    manifest.version === job.outputVersion &&
    Buffer.compare(manifest.shares ?? none, shares ?? none) === 0 &&
    manifest.last === (firstSegment + segments === input.segmentRows.length) &&
    manifest.segments.length === rows.length &&
    manifest.segments.every(
      (segment, at) => segment.index === firstSegment + at && segment.rows === rows[at] && segment.token === token,
    ) &&
    manifest.k === k &&
    manifest.n === n &&
    manifest.slots.every(
      ({ storageNode, organization }, slot) =>
        storageNode === slots[slot]?.storageNode && organization === slots[slot]?.organization,
    )
  );
}
