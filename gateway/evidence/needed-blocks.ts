import type { DomainEvent, JobRecord, PartitionRecord } from '@d-cloud/chaincode/domain';
import type { ReadModel } from '../projection/index.ts';

/**
 * The numbers of the blocks that tell a job's story, ascending: what its rights rest on (datasets, version, grants, model and approvals, compute
 * nodes), its request, the accepted claims and attestations, its end. Reads all projected events up to now.
 */
export async function neededBlocks(
  readModel: Pick<ReadModel, 'events' | 'block'>,
  job: JobRecord,
  partitions: readonly PartitionRecord[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  const newest = readModel.block;
  const found = new Set<number>();
  const enough = new AbortController();
  const isNeeded = neededBy(job, partitions);
  try {
    for await (const { block, event } of readModel.events({ signal: AbortSignal.any([signal, enough.signal]) })) {
      if (block > newest) break;
      if (isNeeded(event)) found.add(block);
      if ((event.kind === 'job.finished' || event.kind === 'job.cancelled') && event.job.id === job.id) break;
    }
  } finally {
    enough.abort();
  }
  return [...found].sort((a, b) => a - b);
}

function neededBy(job: JobRecord, partitions: readonly PartitionRecord[]): (event: DomainEvent) => boolean {
  const accepted = new Map(partitions.map(({ index, accepted: attested }) => [index, attested?.token]));
  const nodes = new Set(partitions.map(({ accepted: attested }) => attested?.node));
  return (event) => {
    switch (event.kind) {
      case 'dataset.registered':
        return event.dataset.id === job.dataset;
      case 'dataset.version-published':
        return (
          event.version.id === job.version ||
          event.version.id === job.modelVersion ||
          event.version.id === job.outputVersion
        );
      case 'grant.issued':
        return event.grant.id === job.grant || event.grant.id === job.modelGrant;
      case 'model.registered':
        return event.model.id === job.model;
      case 'model.version-published':
      case 'model.approved':
        return event.modelVersion.model === job.model && event.modelVersion.number === job.modelNumber;
      case 'compute-node.registered':
        return nodes.has(event.node.id);
      case 'job.requested':
      case 'job.finished':
        return event.job.id === job.id;
      case 'partition.claimed':
      case 'partition.attested':
        return event.partition.job === job.id && event.partition.token === accepted.get(event.partition.index);
      default:
        return false;
    }
  };
}
