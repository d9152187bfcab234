import { commit, type DatasetId, type KeptEntry, type VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { manifestHash } from '@d-cloud/pipelines/seal';
import type { CustodyStore } from '../custody/custody-store.ts';
import { noteOwnBlocks, type OwnStorage } from '../custody/note-own-blocks.ts';
import { distinctBlocks, placedBlocks } from '../custody/placed-blocks.ts';
import { type CurrentSlot, currentSlots, VersionBlocks } from '../custody/version-blocks.ts';
import { absentOr, type GatewayLedger } from '../ledger.ts';
import { type KeptVersion, readKeptVersion } from './kept-version.ts';
import type { KeyStore, NextKeys } from './key-store.ts';
import { manifestNow } from './manifest-now.ts';
import { type Opener, unwrapDatasetKey, type WrapWhere } from './wrapped-keys.ts';

export type TakeInPowers = {
  readonly keys: KeyStore;
  readonly custody: Pick<CustodyStore, 'replaceMoved' | 'forget' | 'vacated' | 'supersede'>;
  readonly storage: OwnStorage;
  readonly ledger: Pick<GatewayLedger, 'evaluate'>;
  readonly where: WrapWhere;
  /** Keys that dataset keys may be wrapped to; the first one that is named opens. */
  readonly openers: readonly Opener[];
};

export type TakenIn = {
  readonly versions: number;
  readonly datasets: number;
  /** Versions that are kept and that the ledger never recorded: uploads that were not acknowledged. */
  readonly unpublished: readonly VersionId[];
};

/** Everything that the own organization keeps on the ledger, page by page. */
export async function* keptEntries(ledger: Pick<GatewayLedger, 'evaluate'>): AsyncGenerator<KeptEntry> {
  let after: string | undefined;
  for (;;) {
    const { entries, more } = await ledger.evaluate('key:list', after === undefined ? {} : { after });
    yield* entries;
    after = entries.at(-1)?.name;
    if (!more || after === undefined) return;
  }
}

/**
 * Takes dataset keys and versions that were kept into a key store, and notes their blocks on the own storage nodes; what is kept is newer than what a restored store has, so it stands.
 * Every version's keys are held against what the ledger commits to: a Fault `corrupt` where they differ. Done again, it changes nothing.
 */
export async function takeInKept(powers: TakeInPowers, entries: readonly KeptEntry[]): Promise<TakenIn> {
  const { keys, ledger, where, openers } = powers;
  const epochs = new Map<DatasetId, number[]>();
  for (const entry of entries) {
    const [kind, dataset, epochText] = entry.name.split('/') as [string, DatasetId, string];
    if (kind !== 'dataset') continue;
    const epoch = Number(epochText);
    const key = await unwrapDatasetKey(where, { dataset, epoch }, bytesOf(entry), openers);
    keys.adoptDatasetKey(dataset, epoch, key);
    key.fill(0);
    epochs.set(dataset, [...(epochs.get(dataset) ?? []), epoch]);
  }
  const unpublished: VersionId[] = [];
  let versions = 0;
  for (const entry of entries) {
    const [kind, version] = entry.name.split('/') as [string, VersionId];
    if (kind !== 'version') continue;
    const record = await absentOr(ledger.evaluate('dataset:getVersion', { id: version }));
    if (record === undefined) unpublished.push(version);
    if (record === undefined || record.erasure !== undefined) continue;
    const { dataset, manifestCommitment } = record;
    const opened = open(keys, dataset, version, epochs.get(dataset) ?? [], bytesOf(entry));
    const { epoch } = opened;
    const kept = committed(opened.kept, manifestCommitment);
    if (kept === undefined) throw new Fault('corrupt', `What is kept of ${version} is not what the ledger commits to.`);
    if (kept !== opened.kept) nameOld(powers, version, record.sealing ?? 1, opened.kept);
    put(powers, { version, dataset, epoch }, kept);
    versions++;
  }
  return { versions, datasets: epochs.size, unpublished };
}

function put(
  { keys, custody, storage }: TakeInPowers,
  named: { readonly version: VersionId; readonly dataset: DatasetId; readonly epoch: number },
  { contentKey, salt, manifest, shares, moved, job }: KeptVersion,
): void {
  const { version } = named;
  const blocks = new VersionBlocks(manifestNow({ manifest, ...(shares === undefined ? {} : { shares }) }));
  const slots = slotsOf(blocks, { moved });
  const isOf = (known: Pick<NextKeys, 'manifest'> | undefined) =>
    known !== undefined && Buffer.compare(known.manifest, manifest) === 0;
  // What is known of places is of another sealing then.
  if (!isOf(keys.version(version))) custody.forget(version);
  custody.replaceMoved(version, moved, slots);
  keys.replaceVersion({ ...named, contentKey, salt, manifest, ...(shares === undefined ? {} : { shares }) });
  if (isOf(keys.next(version))) keys.dropNext(version);
  noteOwnBlocks(storage, blocks, slots);
  if (job === undefined || keys.job(job.id) !== undefined) return;
  keys.putJob({ job: job.id, outputVersion: version, contentKey, rowSaltSecret: job.rowSaltSecret });
}

/** The ledger had the next sealing and this gateway's disk was lost before it wrote down what counts no more: the resealer removes that. */
function nameOld({ custody }: TakeInPowers, version: VersionId, sealing: number, kept: KeptVersion): void {
  const blocks = new VersionBlocks(manifestNow(kept));
  const slots = slotsOf(blocks, kept);
  custody.supersede(version, sealing, distinctBlocks(placedBlocks(blocks, [...slots, ...custody.vacated(version)])));
}

function slotsOf({ manifest }: VersionBlocks, { moved }: Pick<KeptVersion, 'moved'>): readonly CurrentSlot[] {
  return currentSlots(manifest, new Map(moved.map((place) => [place.slot, place])));
}

/** The keys that the ledger commits to: those that were kept, or the next ones where the version was sealed anew. */
function committed(kept: KeptVersion, commitment: string): KeptVersion | undefined {
  const stands = ({ salt, manifest }: NextKeys) =>
    commit(salt, Buffer.from(manifestHash(manifest), 'hex')) === commitment;
  if (stands(kept)) return kept;
  if (kept.next === undefined || !stands(kept.next)) return undefined;
  // Its blocks lie where its own manifest says.
  return { ...kept.next, moved: [], job: kept.job };
}

/** Opens a version under whichever of its dataset's keys it is sealed: a rotation may have been interrupted between two. */
function open(keys: KeyStore, dataset: DatasetId, version: VersionId, epochs: readonly number[], sealed: Uint8Array) {
  for (const epoch of epochs.toSorted((a, b) => b - a)) {
    try {
      return { epoch, kept: readKeptVersion(keys.openKept({ version, dataset, epoch }, sealed)) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  throw new Fault('corrupt', `None of the kept keys of ${dataset} opens what is kept of ${version}.`);
}

const bytesOf = ({ value }: KeptEntry) => Buffer.from(value, 'base64');
