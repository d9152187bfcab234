import type {
  ComputeNodeRecord,
  DatasetRecord,
  DomainEvent,
  GrantRecord,
  JobId,
  JobRecord,
  ModelRecord,
  ModelVersionRecord,
  MspId,
  PartitionRecord,
  VersionId,
  VersionRecord,
} from '@d-cloud/chaincode/domain';
import type { VerifiedTransaction } from '@d-cloud/network/ledger/verify';

/** A record as a verified transaction wrote it, with who created that transaction. */
export type Told<T> = {
  readonly record: T;
  readonly transaction: string;
  readonly creator: MspId;
  readonly block: number;
};

export type ToldTransaction = { readonly verified: VerifiedTransaction; readonly block: number };

/** What the verified transactions of a pack say, in the order of the ledger: the newest word on each record, and who said it. */
export class ToldFacts {
  readonly jobs = new Map<JobId, { requested?: Told<JobRecord>; ended?: Told<JobRecord> }>();
  readonly claims = new Map<string, Told<PartitionRecord>>();
  readonly attestations = new Map<string, Told<PartitionRecord>>();
  readonly versions = new Map<VersionId, Told<VersionRecord>>();
  readonly datasets = new Map<string, Told<DatasetRecord>>();
  readonly grants = new Map<string, Told<GrantRecord>>();
  readonly models = new Map<string, Told<ModelRecord>>();
  readonly modelVersions = new Map<string, Told<ModelVersionRecord>>();
  readonly nodes = new Map<string, Told<ComputeNodeRecord>>();
  readonly transactions = new Map<string, ToldTransaction>();

  /** Takes a transaction whose signatures and validity have been checked. */
  add({ verified, block }: ToldTransaction): void {
    const { transaction } = verified;
    this.transactions.set(transaction.id, { verified, block });
    if (transaction.event === undefined) return;
    const events = JSON.parse(Buffer.from(transaction.event.payload).toString('utf8')) as readonly DomainEvent[];
    for (const event of events) {
      this.#follow(event, { transaction: transaction.id, creator: transaction.creatorMspId as MspId, block });
    }
  }

  #follow(event: DomainEvent, place: Omit<Told<never>, 'record'>): void {
    switch (event.kind) {
      case 'job.requested':
        this.jobs.set(event.job.id, { requested: { record: event.job, ...place } });
        break;
      case 'job.finished':
        this.jobs.set(event.job.id, { ...this.jobs.get(event.job.id), ended: { record: event.job, ...place } });
        break;
      case 'partition.claimed':
        this.claims.set(claimName(event.partition), { record: event.partition, ...place });
        break;
      case 'partition.attested':
        this.attestations.set(partitionName(event.partition), { record: event.partition, ...place });
        break;
      case 'dataset.version-published':
        this.versions.set(event.version.id, { record: event.version, ...place });
        break;
      case 'dataset.registered':
        this.datasets.set(event.dataset.id, { record: event.dataset, ...place });
        break;
      case 'grant.issued':
        this.grants.set(event.grant.id, { record: event.grant, ...place });
        break;
      case 'model.registered':
        this.models.set(event.model.id, { record: event.model, ...place });
        break;
      case 'model.version-published':
      case 'model.approved':
        this.modelVersions.set(`${event.modelVersion.model}:${event.modelVersion.number}`, {
          record: event.modelVersion,
          ...place,
        });
        break;
      case 'compute-node.registered':
        this.nodes.set(event.node.id, { record: event.node, ...place });
        break;
      default:
    }
  }
}

export function partitionName({ job, index }: Pick<PartitionRecord, 'job' | 'index'>): string {
  return `${job}:${index}`;
}

export function claimName(partition: Pick<PartitionRecord, 'job' | 'index' | 'token'>): string {
  return `${partitionName(partition)}:${partition.token}`;
}
