/**
 * The records on the ledger. Every record carries `v`, the version of its own shape: readers upcast older ones and refuse newer ones.
 * Digests are lower-case hex SHA-256, times RFC 3339 in UTC, amounts decimal strings, row and segment counts safe integers.
 */
import type {
  AccessId,
  AuditId,
  ComputeNodeId,
  DatasetId,
  ErasureId,
  GrantId,
  JobId,
  ModelId,
  MspId,
  StorageNodeId,
  VersionId,
} from './ids.ts';

export type Digest = string;
export type Instant = string;
/** Base64 of 32 bytes: an X25519 public key (RFC 7748). */
export type AgreementKey = string;

export type OrganizationRecord = {
  readonly v: 1;
  readonly mspId: MspId;
  readonly name: string;
  /** Where other organizations' gateways reach this one: `https://host:port`. */
  readonly gatewayAddress: string;
  /** Key-encryption public keys by epoch, the newest last; epochs start at 1. */
  readonly agreementKeys: readonly { readonly epoch: number; readonly publicKey: AgreementKey }[];
  /** Members that ask for its expulsion, while they are too few; in the order of their MSP ids. */
  readonly expulsion?: readonly { readonly organization: MspId; readonly reason: string }[];
  /** That it has left for good, by its own word or by the word of these others. */
  readonly left?: { readonly reason: string; readonly by: readonly MspId[] };
  /** Whose private half opens what the organization keeps on the ledger; it lies offline. */
  readonly recoveryKey?: AgreementKey;
};

export type Purpose = { readonly id: string; readonly label: string };
/** The consortium's flat list of purposes (ids from the W3C Data Privacy Vocabulary). */
export type PurposeListRecord = { readonly v: 1; readonly purposes: readonly Purpose[] };

export type Modality = 'documents' | 'images' | 'voice' | 'video' | 'table' | 'model' | 'results';

/** Who may use a dataset at all: any member of the channel, or only holders of a grant. */
export type DatasetAccess = 'members' | 'granted';

export type DatasetTerms = {
  readonly access: DatasetAccess;
  /** Purposes the owner is ready to grant; every use, its owner's too, names one of them. */
  readonly purposes: readonly string[];
  /** What a dataset made by a job inherited from its inputs and its model. Absent on datasets that were registered. */
  readonly inherited?: InheritedTerms;
};

/** The rights on an output are the intersection of the rights on its inputs and on the model; purposes stand in the terms. */
export type InheritedTerms = {
  /** What the owner may pass on, and only where `delegate` is among them. Absent: everything. */
  readonly actions?: readonly GrantAction[];
  /** Organizations whose compute nodes may ever open it. Absent: the owner's choice. */
  readonly executors?: readonly MspId[];
  /** The earliest end of the grants it was made under. */
  readonly until?: Instant;
};

export type DatasetRecord = {
  readonly v: 1;
  readonly id: DatasetId;
  readonly owner: MspId;
  readonly modality: Modality;
  readonly terms: DatasetTerms;
  /** SHA-256 of salt ‖ canonical card; the card itself lies in the members' private collection. */
  readonly cardCommitment: Digest;
  /** Present only where the owner chose to show it to the whole channel's history. */
  readonly publicTitle?: string;
  /** Key epoch; a revoke adds one. */
  readonly epoch: number;
  readonly state: 'active' | 'retired';
  readonly versions: number;
  /** How many of its versions are erased, or are being erased. */
  readonly erased?: number;
  /** The erasure of the whole dataset. */
  readonly erasure?: ErasureId;
  /** Present while nothing of it may be erased. */
  readonly hold?: { readonly reason: string };
};

/** What members search: kept in the private collection `catalogue`. */
export type CatalogueCard = {
  readonly v: 1;
  readonly dataset: DatasetId;
  readonly salt: string;
  readonly title: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly licence: string;
};

/** Where a version came from: other versions, and the job and model that made it when one did. */
export type VersionOrigin = {
  readonly parents: readonly VersionId[];
  readonly job?: JobId;
  readonly model?: ModelVersionName;
};

export type VersionRecord = {
  readonly v: 1;
  readonly id: VersionId;
  readonly dataset: DatasetId;
  readonly owner: MspId;
  /** Counts from 1 within its dataset. */
  readonly number: number;
  /** SHA-256 of salt ‖ SHA-256 of the storage manifest's bytes. */
  readonly manifestCommitment: Digest;
  /** RFC 6962 root over the stored segments' hashes. */
  readonly contentRoot: Digest;
  readonly schemaHash: Digest;
  readonly rows: number;
  /** Rows of each segment, in order: what a job is planned from. */
  readonly segmentRows: readonly number[];
  /** Padded length in bytes (a size class, never the exact length), as a decimal string. */
  readonly sizeClass: string;
  readonly epoch: number;
  /** How often it was sealed: 2 after it was sealed anew for the first time, absent before. */
  readonly sealing?: number;
  readonly origin: VersionOrigin;
  /** Present from the moment on that it is to be erased: nobody may use it any more. */
  readonly erasure?: ErasureId;
};

export type GrantAction = 'use' | 'read' | 'derive' | 'export' | 'delegate';

/** What a grant allows. Empty `versions` means every version of the dataset. */
export type GrantTerms = {
  readonly actions: readonly GrantAction[];
  readonly purposes: readonly string[];
  readonly versions: readonly VersionId[];
  /** Models that may be run (required for `use`). */
  readonly models: readonly ModelId[];
  /** Organizations whose compute nodes may open the data. Empty means the owner's only. */
  readonly executors: readonly MspId[];
  readonly until?: Instant;
  /** Rows that may be used in all, as a decimal string. */
  readonly rows?: string;
  /** Jobs and reads that may be made in all. */
  readonly uses?: number;
};

export type GrantState = 'requested' | 'issued' | 'refused' | 'revoked';

export type GrantRecord = {
  readonly v: 1;
  readonly id: GrantId;
  readonly dataset: DatasetId;
  readonly owner: MspId;
  readonly grantee: MspId;
  readonly state: GrantState;
  /** What was asked for, and once issued what was given. */
  readonly terms: GrantTerms;
  readonly note: string;
  readonly reason?: string;
  /** After a hard revoke: versions that it covered and that were sealed in an epoch before this one are to be sealed anew. */
  readonly resealBefore?: number;
  readonly epoch?: number;
  /** Transaction that issued it. */
  readonly issuedBy?: string;
};

/** The one counter of a grant. Limits are reserved whole at the request and given back at the end; the grant record is never written by use. */
export type GrantCounterRecord = {
  readonly v: 1;
  readonly grant: GrantId;
  readonly rowsReserved: string;
  readonly usesReserved: number;
};

export type ModelTask = 'image-classification' | 'text-embedding';

export type ModelRecord = {
  readonly v: 1;
  readonly id: ModelId;
  readonly owner: MspId;
  /** The sealed dataset of modality `model` that holds its versions: granted like any dataset. */
  readonly dataset: DatasetId;
  readonly name: string;
  readonly task: ModelTask;
  /** Organizations that must approve a version before it may run; the owner's publication is its own approval. */
  readonly approvalsNeeded: number;
  readonly versions: number;
};

/** A model's version: `<model id>:<number>`. */
export type ModelVersionName = string & { readonly modelVersion: true };

export type ModelVersionRecord = {
  readonly v: 1;
  readonly model: ModelId;
  readonly number: number;
  readonly version: VersionId;
  /** SHA-256 of the ONNX file. */
  readonly digest: Digest;
  /** SHA-256 of the canonical card. */
  readonly cardDigest: Digest;
  readonly approvals: readonly { readonly organization: MspId; readonly transaction: string }[];
  readonly state: 'published' | 'revoked';
};

export type NumericSettings = {
  readonly threads: number;
  readonly graphOptimization: 'disabled' | 'basic' | 'extended' | 'all';
  /** `session.x64quantprecision`: without it int8 models differ between CPUs. */
  readonly preciseQuantization: boolean;
};

export type JobState = 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'cancelled' | 'revoked';

export type JobRecord = {
  readonly v: 1;
  readonly id: JobId;
  readonly requester: MspId;
  readonly version: VersionId;
  readonly dataset: DatasetId;
  readonly datasetOwner: MspId;
  readonly model: ModelId;
  readonly modelNumber: number;
  readonly modelVersion: VersionId;
  readonly modelOwner: MspId;
  readonly modelDigest: Digest;
  readonly purpose: string;
  readonly grant?: GrantId;
  readonly modelGrant?: GrantId;
  /** Organizations whose compute nodes may claim: from the grants, narrowed by the requester. */
  readonly executors: readonly MspId[];
  /** Rows of one inference batch; part of the job so that equal classes give equal bits. */
  readonly batchRows: number;
  readonly numeric: NumericSettings;
  readonly rows: number;
  readonly partitions: number;
  readonly outputDataset: DatasetId;
  readonly outputVersion: VersionId;
  readonly state: JobState;
};

export type PartitionState = 'open' | 'claimed' | 'accepted' | 'failed';

export type Claim = {
  readonly node: ComputeNodeId;
  readonly organization: MspId;
  /** Counts claims of this partition; an answer under an older token is fenced off. */
  readonly token: number;
  readonly ephemeralKey: AgreementKey;
  /** Hex, derived from the claim's transaction: makes every statement fresh. */
  readonly challenge: string;
  readonly transaction: string;
};

export type AcceptedAttestation = {
  readonly node: ComputeNodeId;
  readonly organization: MspId;
  readonly token: number;
  /** SHA-256 of the DSSE envelope's bytes, which stand in the attesting transaction. */
  readonly envelopeDigest: Digest;
  /** SHA-256 of the sealed output manifest's bytes: the statement's subject. */
  readonly manifestHash: Digest;
  /** RFC 6962 root over the batch roots of the salted result rows. */
  readonly resultRoot: Digest;
  readonly rows: number;
  readonly failedRows: number;
  readonly transaction: string;
};

export type PartitionRecord = {
  readonly v: 1;
  readonly job: JobId;
  readonly index: number;
  readonly firstSegment: number;
  readonly segments: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly state: PartitionState;
  /** Claims so far that ended without an accepted attestation. */
  readonly attempts: number;
  /** The newest token given out, 0 before the first claim. */
  readonly token: number;
  readonly claim?: Claim;
  readonly accepted?: AcceptedAttestation;
  readonly reason?: string;
};

export type StorageNodeRecord = {
  readonly v: 1;
  readonly id: StorageNodeId;
  readonly organization: MspId;
  readonly host: string;
  readonly disk: string;
  /** Offered capacity in bytes, as a decimal string. */
  readonly capacityBytes: string;
  /** What its organization asks for a GiB kept for a month, in minor units of account as a decimal string. Absent: nothing is asked. */
  readonly pricePerGibMonth?: string;
  readonly state: 'active' | 'draining' | 'left';
};

/** One organization's word that nothing of its own lies on a storage node any more, whosever that is: it moves its versions off and shares their S anew. */
export type ExpulsionRecord = {
  readonly v: 1;
  readonly node: StorageNodeId;
  /** Whose word it is: it binds nobody else. */
  readonly by: MspId;
  readonly reason: string;
};

export type NodeClass = 'R-1' | 'J-1';

export type ComputeNodeRecord = {
  readonly v: 1;
  readonly id: ComputeNodeId;
  readonly organization: MspId;
  /** SPKI PEM of the P-256 key that signs its transactions and its attestations. */
  readonly publicKey: string;
  readonly classes: readonly NodeClass[];
  /** ONNX Runtime version, execution provider and instruction set: what equal bits depend on. */
  readonly runtime: { readonly ort: string; readonly executionProvider: string; readonly isa: string };
  readonly state: 'active' | 'draining' | 'left';
};

/** A reader's use of a right, or its denial: the record a key service waits for before it releases keys for a read. */
export type AccessRecord = {
  readonly v: 1;
  readonly id: AccessId;
  readonly version: VersionId;
  readonly dataset: DatasetId;
  readonly reader: MspId;
  readonly purpose: string;
  readonly grant?: GrantId;
  readonly ephemeralKey?: AgreementKey;
  readonly outcome: 'allowed' | 'denied';
  /** Code of the refusal when denied. */
  readonly refusal?: string;
};

/** What one storage node did with the blocks of a version that it was asked for, each asked again three times before it counts as failed. */
export type AuditedNode = {
  readonly node: StorageNodeId;
  /** Given, with the bytes that their ids say. */
  readonly ok: number;
  /** Not there. */
  readonly missing: number;
  /** Other bytes than the id says. */
  readonly corrupt: number;
  /** Asked in vain: nobody answered. */
  readonly offline: number;
  /** Taken too long over. */
  readonly slow: number;
  /** Computed anew from other fragments and put there, read back. */
  readonly repaired: number;
};

/** An owner's look at where a version's blocks should lie (`audit`), or should lie no more since it was sealed anew (`absence`), or what it put there again (`repair`). Block ids and places within the version stay off the ledger. */
export type AuditRecord = {
  readonly v: 1;
  readonly id: AuditId;
  readonly version: VersionId;
  readonly dataset: DatasetId;
  readonly owner: MspId;
  readonly kind: 'audit' | 'repair' | 'absence';
  readonly nodes: readonly AuditedNode[];
};

/**
 * The end of some or all versions of a dataset. `requested`: nobody may use them, their bytes and keys are being destroyed. `erased`: every
 * storage node was asked and has nothing of them; `certificate` is the SHA-256 of the signed certificate's bytes. Lineage stays.
 */
export type ErasureRecord = {
  readonly v: 1;
  readonly id: ErasureId;
  readonly owner: MspId;
  readonly dataset: DatasetId;
  readonly versions: readonly VersionId[];
  /** Whether the dataset itself goes: its card, and all of its versions that were left. */
  readonly whole: boolean;
  readonly reason: string;
  /** Versions that came of them, whoever owns those: they stay, and their owners learn of it here. */
  readonly derived: readonly VersionId[];
  readonly state: 'requested' | 'erased';
  readonly certificate?: Digest;
};
