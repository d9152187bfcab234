/** The read model as its readers see it: what the channel's blocks say, one row per record, each with the block and transaction that last wrote it. */
import type {
  AccessRecord,
  AuditRecord,
  CatalogueCard,
  ComputeNodeRecord,
  DatasetRecord,
  DomainEvent,
  ErasureRecord,
  ExpulsionRecord,
  GrantRecord,
  Instant,
  JobRecord,
  Modality,
  ModelRecord,
  ModelVersionName,
  ModelVersionRecord,
  MspId,
  OrganizationRecord,
  PartitionRecord,
  PurposeListRecord,
  StorageNodeRecord,
  VersionId,
  VersionRecord,
} from '@d-cloud/chaincode/domain';

/** Records by kind. Ids: the record's own, except organization = MSP id, purposes = `purposes`, model-version = `<model>:<number>`, partition = `<job>:<index>`, channel = `channel`. */
export type RecordKinds = {
  organization: OrganizationRecord;
  purposes: PurposeListRecord;
  dataset: DatasetRecord;
  version: VersionRecord;
  erasure: ErasureRecord;
  grant: GrantRecord;
  model: ModelRecord;
  'model-version': ModelVersionRecord;
  job: JobRecord;
  partition: PartitionRecord;
  'storage-node': StorageNodeRecord;
  expulsion: ExpulsionRecord;
  'compute-node': ComputeNodeRecord;
  access: AccessRecord;
  audit: AuditRecord;
  channel: ChannelRecord;
};

/** Who belongs to the channel, by its configuration in force. Not a record of the chaincode, which cannot read the configuration. */
export type ChannelRecord = {
  readonly v: 1;
  /** Counts the configurations from 0. */
  readonly sequence: number;
  /** MSP ids of the application's organizations, sorted. */
  readonly members: readonly string[];
};
export type RecordKind = keyof RecordKinds;

/** A record with its place on the ledger. */
export type Recorded<T> = {
  readonly record: T;
  readonly block: number;
  readonly transaction: string;
  /** The transaction's time as its sender stated it: informational. */
  readonly time: Instant;
  /** The same of the transaction that first wrote the record. */
  readonly firstTime: Instant;
  /** Whether the API shows it to this gateway's organization: it is a party to it, or everyone is. */
  readonly visible: boolean;
};

export type PageRequest = {
  readonly cursor?: string | undefined;
  /** 50 where it is left out. */
  readonly limit?: number | undefined;
  /** By the block that first wrote them; `newest` where it is left out. */
  readonly order?: 'newest' | 'oldest' | undefined;
};

/** A page of a list as of `block`. `next` is absent on the last page. */
export type Page<T> = { readonly items: readonly T[]; readonly next?: string; readonly block: number };

export type ListFilter = {
  /** Dataset of versions, erasures and grants, model of model versions, job of partitions, dataset of accesses, version of audits. */
  readonly parent?: string | undefined;
  readonly owner?: MspId | undefined;
  readonly state?: string | undefined;
  /** Jobs under this grant, to the data or to the model. */
  readonly grant?: string | undefined;
  /** Rows that the API does not show to this organization too. */
  readonly everything?: boolean;
};

export type DatasetSearch = {
  readonly text?: string | undefined;
  readonly modality?: Modality | undefined;
  readonly owner?: MspId | undefined;
};

export type LedgerTransaction = {
  readonly id: string;
  readonly block: number;
  readonly index: number;
  readonly creator: string;
  /** Transaction name, `contract:verb`; empty for what is not a chaincode call. */
  readonly function: string;
  /** Fabric's validation code by name, such as `VALID`. */
  readonly validation: string;
  readonly time: Instant;
};

/** A step of lineage: `child` came from `parent`, by a job with a model when one made it. */
export type LineageEdge = {
  readonly child: VersionId;
  readonly parent: VersionId;
  readonly job?: string;
  readonly model?: ModelVersionName;
  readonly block: number;
  readonly transaction: string;
  /** Steps from the version asked about, from 1. */
  readonly distance: number;
};

/** Where an event stands on the channel. */
export type EventPosition = { readonly block: number; readonly transaction: number; readonly index: number };

export type RecordedEvent = EventPosition & {
  readonly transactionId: string;
  readonly time: Instant;
  readonly event: DomainEvent;
  readonly visible: boolean;
};

export type ReadModel = {
  /** Newest projected block; -1 before the first. */
  readonly block: number;
  /** Resolves when the block is projected. Fault `timeout` after `timeoutMs` (10 s). */
  waitFor(block: number, options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void>;
  get<K extends RecordKind>(kind: K, id: string): Recorded<RecordKinds[K]> | undefined;
  /** Throws `Rejection` CURSOR_INVALID for a cursor that this list did not give. */
  list<K extends RecordKind>(kind: K, filter?: ListFilter, page?: PageRequest): Page<Recorded<RecordKinds[K]>>;
  /** Catalogue search; without a text the newest datasets come first. */
  searchDatasets(search: DatasetSearch, page?: PageRequest): Page<Recorded<DatasetRecord>>;
  /** The dataset's card, when the own peer has had it. */
  card(dataset: string): CatalogueCard | undefined;
  lineage(
    version: VersionId,
    options: PageRequest & { readonly direction: 'upstream' | 'downstream'; readonly depth: number },
  ): Page<LineageEdge>;
  transaction(id: string): LedgerTransaction | undefined;
  /** Events after a position (all from block 0 when `after` is left out), then new ones as they are projected, until the signal ends it. */
  events(options: { readonly after?: EventPosition; readonly signal: AbortSignal }): AsyncIterable<RecordedEvent>;
  /** The end of the channel as projected: where a listener for new events only starts. */
  readonly head: EventPosition;
};
