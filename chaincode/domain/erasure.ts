import type { DatasetRecord, ErasureRecord, VersionRecord } from './records.ts';
import { Refusal } from './refusal.ts';
import { type Caller, checkOwner } from './roles.ts';
import type { Submits } from './transactions.ts';

/** Refuses with ERASED the use of a version that is erased or about to be. */
export function checkNotErased({ id, erasure }: Pick<VersionRecord, 'id' | 'erasure'>): void {
  if (erasure !== undefined) throw new Refusal('ERASED', `version ${id} was erased by ${erasure}`);
}

/**
 * Ends the use of versions so that they can be erased. Refuses with DATASET_HELD while the dataset is held, and a `whole` erasure that does
 * not name every version that is left: one that was published meanwhile would stay.
 */
export function requestErasure(
  caller: Caller,
  body: Submits['dataset:requestErasure']['body'],
  dataset: DatasetRecord,
  versions: readonly VersionRecord[],
): {
  readonly erasure: ErasureRecord;
  readonly dataset: DatasetRecord;
  readonly versions: readonly VersionRecord[];
} {
  checkOwner(caller, dataset.owner, `dataset ${dataset.id}`);
  if (dataset.hold !== undefined) {
    throw new Refusal(
      'DATASET_HELD',
      `dataset ${dataset.id} is held and must be released first: ${dataset.hold.reason}`,
    );
  }
  if (dataset.erasure !== undefined)
    throw new Refusal('ERASED', `dataset ${dataset.id} was erased by ${dataset.erasure}`);
  for (const version of versions) {
    if (version.dataset !== dataset.id)
      throw new Refusal('VERSION_NOT_FOUND', `${version.id} is no version of ${dataset.id}`);
    checkNotErased(version);
  }
  const erased = (dataset.erased ?? 0) + versions.length;
  if (!body.whole && versions.length === 0) throw new Refusal('RECORD_INVALID', 'body.versions names nothing to erase');
  if (body.whole && erased !== dataset.versions) {
    throw new Refusal(
      'STATE_CONFLICT',
      `dataset ${dataset.id} has ${dataset.versions - erased} versions more than are named`,
    );
  }
  return {
    erasure: { v: 1, ...body, owner: dataset.owner, state: 'requested' },
    dataset: { ...dataset, erased, ...(body.whole ? { state: 'retired', erasure: body.id } : {}) },
    versions: versions.map((version) => ({ ...version, erasure: body.id })),
  };
}

/** Ends an erasure: its owner's gateway holds a certificate that nothing is left. */
export function recordErasure(
  caller: Caller,
  { certificate }: Submits['dataset:recordErasure']['body'],
  erasure: ErasureRecord,
): ErasureRecord {
  checkOwner(caller, erasure.owner, `erasure ${erasure.id}`);
  if (erasure.state !== 'requested') throw new Refusal('STATE_CONFLICT', `erasure ${erasure.id} is recorded already`);
  return { ...erasure, state: 'erased', certificate };
}

/** Orders that nothing of a dataset is erased. */
export function holdDataset(caller: Caller, dataset: DatasetRecord, reason: string): DatasetRecord {
  checkOwner(caller, dataset.owner, `dataset ${dataset.id}`);
  if (dataset.erasure !== undefined)
    throw new Refusal('ERASED', `dataset ${dataset.id} was erased by ${dataset.erasure}`);
  if (dataset.hold !== undefined) throw new Refusal('STATE_CONFLICT', `dataset ${dataset.id} is held already`);
  return { ...dataset, hold: { reason } };
}

/** Takes the order back. */
export function releaseDataset(caller: Caller, { hold, ...dataset }: DatasetRecord): DatasetRecord {
  checkOwner(caller, dataset.owner, `dataset ${dataset.id}`);
  if (hold === undefined) throw new Refusal('STATE_CONFLICT', `dataset ${dataset.id} is not held`);
  return dataset;
}
