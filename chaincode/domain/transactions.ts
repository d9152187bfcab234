/**
 * Every transaction of the chaincode `dcloud`, by name: what it takes and what it answers. One name runs through all layers:
 * REST operation, contract method, domain rule, event. A submitted transaction has two arguments, both canonical JSON (RFC 8785):
 * its body and a {@link RequestStamp}; an evaluated one has its body only.
 */
import type { KeptEntry } from './bodies.ts';
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
import type {
  AccessRecord,
  AgreementKey,
  AuditedNode,
  AuditRecord,
  CatalogueCard,
  ComputeNodeRecord,
  DatasetRecord,
  DatasetTerms,
  Digest,
  ErasureRecord,
  ExpulsionRecord,
  GrantCounterRecord,
  GrantRecord,
  GrantTerms,
  JobRecord,
  Modality,
  ModelRecord,
  ModelTask,
  ModelVersionRecord,
  NodeClass,
  NumericSettings,
  OrganizationRecord,
  PartitionRecord,
  Purpose,
  PurposeListRecord,
  StorageNodeRecord,
  VersionOrigin,
  VersionRecord,
} from './records.ts';

/** Who asked, and which request this is: the same key, organization and person with the same digest gets the first answer again. */
export type RequestStamp = {
  /** Idempotency key, 1 to 128 of `[A-Za-z0-9._:-]`. */
  readonly key: string;
  /** HMAC-SHA-256(organization secret, person), hex. */
  readonly person: string;
  /** SHA-256 of the request that led here, hex. */
  readonly digest: Digest;
};

/** What a new version says of itself. */
export type VersionBody = Pick<
  VersionRecord,
  | 'id'
  | 'dataset'
  | 'manifestCommitment'
  | 'contentRoot'
  | 'schemaHash'
  | 'rows'
  | 'segmentRows'
  | 'sizeClass'
  | 'epoch'
>;

type PartitionName = { readonly job: JobId; readonly index: number };

/** Transactions that write. `transient` names the fields that travel as transient data and are never on the channel. */
export type Submits = {
  'organization:register': {
    body: { name: string; gatewayAddress: string; agreementKey: AgreementKey; recoveryKey?: AgreementKey };
    result: OrganizationRecord;
  };
  /** By its own admin, for good: from its commit on all its rights and those it gave have ended. */
  'organization:leave': { body: { reason: string }; result: OrganizationRecord };
  /** By another member's admin: takes effect once more than half of all members have asked for it. */
  'organization:expel': { body: { mspId: MspId; reason: string }; result: OrganizationRecord };
  /** A new key-encryption key, under the next epoch; with `recoveryKey` a new recovery key too. */
  'organization:rotateKey': {
    body: { agreementKey: AgreementKey; recoveryKey?: AgreementKey };
    result: OrganizationRecord;
  };
  /**
   * Keeps ciphertext in the caller's implicit private collection, over what lies there under the same names. Transient `entries`: canonical
   * JSON, a list of KeptEntry. Writes nothing else, so that the caller's own peer alone endorses it and alone sees the entries.
   */
  'key:keep': { body: Record<never, never>; result: { readonly kept: number } };
  /** Purges what was kept under these names, its history at the peers too. Transient `names`: canonical JSON, a list. */
  'key:purge': { body: Record<never, never>; result: { readonly purged: number } };
  'purpose:define': { body: { purposes: readonly Purpose[] }; result: PurposeListRecord };
  /** Transient `card`: the canonical catalogue card whose commitment is in the body. */
  'dataset:register': {
    body: { id: DatasetId; modality: Modality; terms: DatasetTerms; cardCommitment: Digest; publicTitle?: string };
    result: DatasetRecord;
  };
  'dataset:publishVersion': { body: VersionBody & { parents: readonly VersionId[] }; result: VersionRecord };
  /** By its owner, who has sealed a version anew: other keys, S and blocks, the same rows. `sealing` counts up by one. */
  'dataset:reseal': {
    body: Pick<VersionRecord, 'id' | 'manifestCommitment' | 'contentRoot' | 'sizeClass' | 'epoch'> & {
      sealing: number;
    };
    result: VersionRecord;
  };
  'dataset:retire': { body: { dataset: DatasetId; reason: string }; result: DatasetRecord };
  /** While held, nothing of it is erased. */
  'dataset:hold': { body: { dataset: DatasetId; reason: string }; result: DatasetRecord };
  'dataset:release': { body: { dataset: DatasetId; reason: string }; result: DatasetRecord };
  /** From its commit on nobody may use the versions. `whole`: the versions are all that are left, and the dataset and its card go too. */
  'dataset:requestErasure': {
    body: {
      id: ErasureId;
      dataset: DatasetId;
      versions: readonly VersionId[];
      whole: boolean;
      reason: string;
      derived: readonly VersionId[];
    };
    result: ErasureRecord;
  };
  /** By the owner's gateway, when no storage node has anything left. `certificate`: SHA-256 of the certificate's bytes. */
  'dataset:recordErasure': { body: { id: ErasureId; certificate: Digest }; result: ErasureRecord };
  'grant:request': { body: { id: GrantId; dataset: DatasetId; terms: GrantTerms; note: string }; result: GrantRecord };
  /** Issues what was requested (by id) or, with `dataset` and `grantee`, a grant nobody asked for. Terms may only narrow a request, but for the executors: those are the owner's to name. */
  'grant:issue': {
    body: { id: GrantId; terms: GrantTerms; dataset?: DatasetId; grantee?: MspId };
    result: GrantRecord;
  };
  'grant:refuse': { body: { id: GrantId; reason: string }; result: GrantRecord };
  /** With `hard`, versions that the grant covers are to be sealed anew: for a grantee that may hold keys and still reach storage nodes. */
  'grant:revoke': { body: { id: GrantId; reason: string; hard?: boolean }; result: GrantRecord };
  'model:register': {
    body: { id: ModelId; dataset: DatasetId; name: string; task: ModelTask; approvalsNeeded: number };
    result: ModelRecord;
  };
  'model:publishVersion': {
    body: { model: ModelId; version: VersionId; digest: Digest; cardDigest: Digest };
    result: ModelVersionRecord;
  };
  'model:approve': { body: { model: ModelId; number: number }; result: ModelVersionRecord };
  'model:revoke': { body: { model: ModelId; number: number; reason: string }; result: ModelVersionRecord };
  'job:request': {
    body: {
      id: JobId;
      version: VersionId;
      model: ModelId;
      modelNumber: number;
      /** The ONNX digest the requester means; a registered one that differs is refused. */
      modelDigest: Digest;
      purpose: string;
      grant?: GrantId;
      modelGrant?: GrantId;
      executors?: readonly MspId[];
      batchRows: number;
      numeric: NumericSettings;
      /** Segments of each partition, in order; they cover the version exactly. */
      partitionSegments: readonly number[];
      outputDataset: DatasetId;
      outputVersion: VersionId;
    };
    result: JobRecord;
  };
  'job:cancel': { body: { id: JobId; reason: string }; result: JobRecord };
  /** Ends a job whose partitions are all accepted or failed; registers the output version (absent when nothing was accepted) and its lineage. Transient `card` as in dataset:register. */
  'job:finish': { body: { id: JobId; output?: VersionBody; cardCommitment?: Digest }; result: JobRecord };
  'partition:claim': {
    body: PartitionName & { node: ComputeNodeId; ephemeralKey: AgreementKey };
    result: PartitionRecord;
  };
  'partition:release': { body: PartitionName & { token: number; reason: string }; result: PartitionRecord };
  /** By the requester: takes a claim away (token and all) and opens the partition again, or fails it when its attempts are spent. */
  'partition:reassign': { body: PartitionName & { token: number; reason: string }; result: PartitionRecord };
  /** `envelope`: base64 of the DSSE envelope's bytes. */
  'partition:attest': { body: PartitionName & { token: number; envelope: string }; result: PartitionRecord };
  'storage-node:register': {
    body: { id: StorageNodeId; host: string; disk: string; capacityBytes: string; pricePerGibMonth?: string };
    result: StorageNodeRecord;
  };
  'storage-node:drain': { body: { id: StorageNodeId }; result: StorageNodeRecord };
  /** By any organization, for its own versions alone: they are moved off the storage node and their S is shared anew. */
  'storage-node:expel': { body: { id: StorageNodeId; reason: string }; result: ExpulsionRecord };
  'storage-node:leave': { body: { id: StorageNodeId }; result: StorageNodeRecord };
  'compute-node:register': {
    body: {
      id: ComputeNodeId;
      publicKey: string;
      classes: readonly NodeClass[];
      runtime: ComputeNodeRecord['runtime'];
    };
    result: ComputeNodeRecord;
  };
  'compute-node:drain': { body: { id: ComputeNodeId }; result: ComputeNodeRecord };
  'compute-node:leave': { body: { id: ComputeNodeId }; result: ComputeNodeRecord };
  /** Never refused for want of a right: an unmet right is recorded as `denied`, with the code. */
  'access:record': {
    body: { id: AccessId; version: VersionId; purpose: string; grant?: GrantId; ephemeralKey: AgreementKey };
    result: AccessRecord;
  };
  /** By the version's owner: how its blocks were found, or what was put back. */
  'audit:record': {
    body: { id: AuditId; version: VersionId; kind: AuditRecord['kind']; nodes: readonly AuditedNode[] };
    result: AuditRecord;
  };
};

/** Questions. `partition:listOpen` and other lists are evaluate-only: nothing is decided on them. */
export type Evaluates = {
  'organization:get': { body: { mspId: MspId }; result: OrganizationRecord };
  'organization:list': { body: Record<string, never>; result: readonly OrganizationRecord[] };
  'purpose:get': { body: Record<string, never>; result: PurposeListRecord };
  'dataset:get': { body: { id: DatasetId }; result: DatasetRecord };
  'dataset:getCard': { body: { id: DatasetId }; result: CatalogueCard };
  'dataset:getVersion': { body: { id: VersionId }; result: VersionRecord };
  'dataset:getErasure': { body: { id: ErasureId }; result: ErasureRecord };
  'grant:get': { body: { id: GrantId }; result: { grant: GrantRecord; counter: GrantCounterRecord } };
  /** Says what job:request would say, without asking for anything: the dry run. */
  'grant:check': {
    body: {
      version: VersionId;
      grant?: GrantId;
      purpose: string;
      action: 'use' | 'read';
      model?: ModelId;
      rows?: number;
    };
    result: { allowed: true } | { allowed: false; code: string; detail: string };
  };
  'model:get': { body: { id: ModelId }; result: ModelRecord };
  'model:getVersion': { body: { model: ModelId; number: number }; result: ModelVersionRecord };
  'job:get': { body: { id: JobId }; result: JobRecord };
  'partition:get': { body: PartitionName; result: PartitionRecord };
  'partition:list': { body: { job: JobId }; result: readonly PartitionRecord[] };
  /** At most 100 open partitions that the given compute node could claim. */
  'partition:listOpen': { body: { node: ComputeNodeId }; result: readonly PartitionRecord[] };
  'storage-node:get': { body: { id: StorageNodeId }; result: StorageNodeRecord };
  'storage-node:list': { body: Record<string, never>; result: readonly StorageNodeRecord[] };
  'compute-node:get': { body: { id: ComputeNodeId }; result: ComputeNodeRecord };
  'compute-node:list': { body: Record<string, never>; result: readonly ComputeNodeRecord[] };
  'access:get': { body: { id: AccessId }; result: AccessRecord };
  'audit:get': { body: { id: AuditId }; result: AuditRecord };
  /** What the caller's organization keeps under a name, in base64, where it keeps anything; only its own peers can answer. */
  'key:get': { body: { name: string }; result: { readonly value?: string } };
  /** A page of what the caller's organization keeps, in the order of names, after the given one; only its own peers can answer. */
  'key:list': { body: { after?: string }; result: { readonly entries: readonly KeptEntry[]; readonly more: boolean } };
};

export type SubmitName = keyof Submits;
export type EvaluateName = keyof Evaluates;
export type { VersionOrigin };
