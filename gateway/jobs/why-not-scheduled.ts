import type { ComputeNodeId, ComputeNodeRecord, JobRecord, MspId, PartitionRecord } from '@d-cloud/chaincode/domain';

export type NotScheduled = { readonly node: ComputeNodeId; readonly organization: MspId; readonly reason: string };

/** Why each compute node of the consortium is not working on a job that has open partitions. Empty when nothing is open or all that may are at it. */
export function whyNotScheduled(
  job: JobRecord,
  partitions: readonly PartitionRecord[],
  nodes: readonly ComputeNodeRecord[],
): readonly NotScheduled[] {
  if (!partitions.some(({ state }) => state === 'open')) return [];
  const busy = new Map(
    partitions.flatMap(({ state, claim, index }) =>
      state === 'claimed' && claim ? [[claim.node, index] as const] : [],
    ),
  );
  return nodes.flatMap(({ id, organization, state }) => {
    const reason = reasonFor();
    return reason === undefined ? [] : [{ node: id, organization, reason }];

    function reasonFor(): string | undefined {
      if (!job.executors.includes(organization)) {
        return `${organization} is not among the job's executors (${job.executors.join(', ')}): the grant does not let its nodes open the data.`;
      }
      if (state !== 'active') return `The node is ${state}.`;
      if (busy.has(id)) return undefined;
      const lost = partitions.find((partition) => partition.state === 'open' && partition.claim?.node === id);
      if (lost !== undefined) return `It lost partition ${lost.index}: ${lost.reason ?? 'no reason given'}.`;
      return 'It has claimed nothing of this job: it is busy with other work, or not running.';
    }
  });
}
