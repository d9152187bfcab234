import { Refusal, type RefusalCode } from '@d-cloud/chaincode/domain';
import type { ReadModel, Recorded, RecordKind, RecordKinds } from '../projection/index.ts';

/** Kinds of records that callers ask for by id. */
type FoundKind = Exclude<RecordKind, 'channel'>;

const absentCode = {
  organization: 'ORGANIZATION_NOT_FOUND',
  purposes: 'PURPOSES_NOT_DEFINED',
  dataset: 'DATASET_NOT_FOUND',
  version: 'VERSION_NOT_FOUND',
  erasure: 'ERASURE_NOT_FOUND',
  grant: 'GRANT_NOT_FOUND',
  model: 'MODEL_NOT_FOUND',
  'model-version': 'MODEL_NOT_FOUND',
  job: 'JOB_NOT_FOUND',
  partition: 'PARTITION_NOT_FOUND',
  expulsion: 'STORAGE_NODE_NOT_FOUND',
  'storage-node': 'STORAGE_NODE_NOT_FOUND',
  'compute-node': 'COMPUTE_NODE_NOT_FOUND',
  access: 'ACCESS_NOT_FOUND',
  audit: 'AUDIT_NOT_FOUND',
} as const satisfies Record<FoundKind, RefusalCode>;

/** The one answer for what does not exist and for what is not shown to this organization. */
export function absent(kind: FoundKind): Refusal {
  return new Refusal(absentCode[kind], `There is no ${kind} with this id.`);
}

/** A record that is shown to this organization. Refusal of kind absent otherwise. */
export function find<K extends FoundKind>(readModel: ReadModel, kind: K, id: string): Recorded<RecordKinds[K]> {
  const recorded = readModel.get(kind, id);
  if (recorded?.visible !== true) throw absent(kind);
  return recorded;
}
