/**
 * Keys of the ledger's state. `kind/part/part`, where a part is 1 to 128 of `[a-z0-9_.:-]`, so that two lists of
 * parts never share a key and keys sort by bytes as they sort by characters. MSP ids have capitals: each is written `!` and its small
 * letter, outside the alphabet of parts. fabric-shim's composite keys are not used: with raw input two lists collide there.
 */
import type { OpenPartitionRecord, RequestRecord, ReservationRecord, RosterRecord } from './bookkeeping.ts';
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
import { isMspId } from './ids.ts';
import type { KeptName } from './kept-keys.ts';
import type {
  AccessRecord,
  AuditRecord,
  CatalogueCard,
  ComputeNodeRecord,
  DatasetRecord,
  Digest,
  ErasureRecord,
  ExpulsionRecord,
  GrantCounterRecord,
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
import { Refusal } from './refusal.ts';

/** A state key that says which record lies under it. */
export type Key<R> = string & { readonly under?: R };
/** All keys from `from` up to, not including, `to`. */
export type KeyRange<R> = { readonly from: string; readonly to: string; readonly under?: R };

const kinds = [
  'access',
  'audit',
  'card',
  'compute-node',
  'counter',
  'dataset',
  'erasure',
  'expulsion',
  'grant',
  'job',
  'kept',
  'model',
  'model-version',
  'open',
  'organization',
  'partition',
  'purposes',
  'request',
  'reservation',
  'roster',
  'storage-node',
  'version',
] as const;
export type KeyKind = (typeof kinds)[number];

/** Builds a key from parts of small letters, digits and `_ . : -`. Refuses every other part with RECORD_INVALID. */
export function keyOf<R>(kind: KeyKind, ...parts: readonly string[]): Key<R> {
  for (const part of parts) {
    if (typeof part !== 'string' || !/^[a-z0-9_.:-]{1,128}$/.test(part)) {
      throw new Refusal('RECORD_INVALID', 'a key part must be 1 to 128 of [a-z0-9_.:-]');
    }
  }
  return [kind, ...parts].join('/');
}

function mspKey<R>(kind: 'organization', mspId: MspId): Key<R> {
  return `${kind}/${mspPart(mspId)}`;
}

function mspPart(mspId: MspId): string {
  if (!isMspId(mspId)) throw new Refusal('RECORD_INVALID', 'an MSP id is 1 to 64 letters, digits, dots and dashes');
  return mspId.replace(/[A-Z]/g, (capital) => `!${capital.toLowerCase()}`);
}

/** The range of all keys that begin with these parts. `0` is the byte after `/`. */
export function rangeOf<R>(kind: KeyKind, ...parts: readonly string[]): KeyRange<R> {
  const from = keyOf(kind, ...parts);
  return { from: `${from}/`, to: `${from}0` };
}

const padded = (count: number) => String(count).padStart(8, '0');

/** One key per record, one function per kind. */
export const keys = {
  organization: (id: MspId) => mspKey<OrganizationRecord>('organization', id),
  organizations: () => rangeOf<OrganizationRecord>('organization'),
  roster: () => keyOf<RosterRecord>('roster', 'organizations'),
  purposes: () => keyOf<PurposeListRecord>('purposes', 'consortium'),
  dataset: (id: DatasetId) => keyOf<DatasetRecord>('dataset', id),
  erasure: (id: ErasureId) => keyOf<ErasureRecord>('erasure', id),
  version: (id: VersionId) => keyOf<VersionRecord>('version', id),
  grant: (id: GrantId) => keyOf<GrantRecord>('grant', id),
  counter: (id: GrantId) => keyOf<GrantCounterRecord>('counter', id),
  model: (id: ModelId) => keyOf<ModelRecord>('model', id),
  modelVersion: (id: ModelId, number: number) => keyOf<ModelVersionRecord>('model-version', id, padded(number)),
  job: (id: JobId) => keyOf<JobRecord>('job', id),
  partition: (job: JobId, index: number) => keyOf<PartitionRecord>('partition', job, padded(index)),
  partitions: (job: JobId) => rangeOf<PartitionRecord>('partition', job),
  open: (job: JobId, index: number) => keyOf<OpenPartitionRecord>('open', job, padded(index)),
  opens: () => rangeOf<OpenPartitionRecord>('open'),
  storageNode: (id: StorageNodeId) => keyOf<StorageNodeRecord>('storage-node', id),
  expulsion: (id: StorageNodeId, by: MspId): Key<ExpulsionRecord> => `${keyOf('expulsion', id)}/${mspPart(by)}`,
  storageNodes: () => rangeOf<StorageNodeRecord>('storage-node'),
  computeNode: (id: ComputeNodeId) => keyOf<ComputeNodeRecord>('compute-node', id),
  computeNodes: () => rangeOf<ComputeNodeRecord>('compute-node'),
  access: (id: AccessId) => keyOf<AccessRecord>('access', id),
  audit: (id: AuditId) => keyOf<AuditRecord>('audit', id),
  request: (name: Digest) => keyOf<RequestRecord>('request', name),
  reservation: (id: DatasetId | VersionId) => keyOf<ReservationRecord>('reservation', id),
  /** In the organization's implicit private collection. */
  kept: (name: KeptName) => keyOf<never>('kept', ...name.split('/')),
  allKept: () => rangeOf<never>('kept'),
  /** In the private collection `catalogue`. */
  card: (id: DatasetId) => keyOf<CatalogueCard>('card', id),
} as const;
