/**
 * What happened, as read models learn it. One transaction emits one Fabric event named `dcloud` whose payload is a JSON array of these;
 * together with the records they carry, the read model can be rebuilt from blocks alone (catalogue cards are asked from the own peer).
 */
import type {
  AccessRecord,
  AuditRecord,
  ComputeNodeRecord,
  DatasetRecord,
  ErasureRecord,
  ExpulsionRecord,
  GrantRecord,
  JobRecord,
  ModelRecord,
  ModelVersionRecord,
  OrganizationRecord,
  PartitionRecord,
  PurposeListRecord,
  StorageNodeRecord,
  VersionRecord,
} from './records.ts';

/** The name under which every event of the chaincode is set. */
export const eventName = 'dcloud';

export type DomainEvent =
  | {
      /** `expulsion-asked`: by too few members yet. `left`: its grants, jobs and nodes have ended with it, without events of their own. */
      readonly kind:
        | 'organization.registered'
        | 'organization.key-rotated'
        | 'organization.expulsion-asked'
        | 'organization.left';
      readonly organization: OrganizationRecord;
    }
  | { readonly kind: 'purpose.defined'; readonly list: PurposeListRecord }
  /** `amended`: the same dataset after its epoch advanced or its terms narrowed. */
  | { readonly kind: 'dataset.registered' | 'dataset.amended' | 'dataset.retired'; readonly dataset: DatasetRecord }
  | { readonly kind: 'dataset.held' | 'dataset.released'; readonly dataset: DatasetRecord }
  | { readonly kind: 'dataset.version-published' | 'dataset.version-resealed'; readonly version: VersionRecord }
  /** Every version that the erasure names carries its id from now on. */
  | {
      readonly kind: 'dataset.erasure-requested';
      readonly erasure: ErasureRecord;
      readonly dataset: DatasetRecord;
    }
  | { readonly kind: 'dataset.erasure-recorded'; readonly erasure: ErasureRecord }
  | {
      readonly kind: 'grant.requested' | 'grant.issued' | 'grant.refused' | 'grant.revoked';
      readonly grant: GrantRecord;
    }
  | { readonly kind: 'model.registered'; readonly model: ModelRecord }
  | {
      readonly kind: 'model.version-published' | 'model.approved' | 'model.revoked';
      readonly modelVersion: ModelVersionRecord;
    }
  | { readonly kind: 'job.requested'; readonly job: JobRecord; readonly partitions: readonly PartitionRecord[] }
  | { readonly kind: 'job.started' | 'job.finished' | 'job.cancelled'; readonly job: JobRecord }
  | {
      readonly kind:
        | 'partition.claimed'
        | 'partition.released'
        | 'partition.reassigned'
        | 'partition.failed'
        | 'partition.attested';
      readonly partition: PartitionRecord;
    }
  | {
      readonly kind: 'storage-node.registered' | 'storage-node.draining' | 'storage-node.left';
      readonly node: StorageNodeRecord;
    }
  | { readonly kind: 'storage-node.expelled'; readonly expulsion: ExpulsionRecord }
  | {
      readonly kind: 'compute-node.registered' | 'compute-node.draining' | 'compute-node.left';
      readonly node: ComputeNodeRecord;
    }
  | { readonly kind: 'access.allowed' | 'access.denied'; readonly access: AccessRecord }
  | { readonly kind: 'audit.recorded'; readonly audit: AuditRecord };

export type EventKind = DomainEvent['kind'];
