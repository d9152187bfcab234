import { checkNotErased, type MspId, Refusal, type VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { parseManifest } from '@d-cloud/pipelines/seal';
import type { KeyStore } from '../keys/key-store.ts';
import { manifestNow } from '../keys/manifest-now.ts';
import { listAll } from '../peer/list-all.ts';
import type { ReadModel } from '../projection/index.ts';
import type { CustodyStore, PlacedBlock } from './custody-store.ts';
import { placedBlocks, resharedBlocks } from './placed-blocks.ts';
import { type CurrentSlot, currentSlots, VersionBlocks } from './version-blocks.ts';
import type { Observation } from './version-health.ts';

export type OwnVersionsPowers = {
  readonly organization: MspId;
  readonly readModel: Pick<ReadModel, 'get' | 'list'>;
  readonly keys: Pick<KeyStore, 'version' | 'next'>;
  readonly store: CustodyStore;
};

/** A version's blocks, and the slots where they lie now. */
export type KnownVersion = { readonly blocks: VersionBlocks; readonly slots: readonly CurrentSlot[] };

/** What this organization knows of its own versions' blocks: from its key store, and from what custody wrote down. */
export class OwnVersions {
  readonly #powers: OwnVersionsPowers;

  constructor(powers: OwnVersionsPowers) {
    this.#powers = powers;
  }

  /** Versions to be looked after: published, not erased, with their keys kept. */
  list(): readonly VersionId[] {
    const { readModel, organization, keys } = this.#powers;
    return listAll(readModel, 'version', { owner: organization })
      .filter(({ id, erasure }) => erasure === undefined && keys.version(id) !== undefined)
      .map(({ id }) => id);
  }

  /** Blocks and places of a version of ours. Refusal VERSION_NOT_FOUND, CALLER_NOT_OWNER or ERASED, Fault where its keys are lost. */
  known(version: VersionId): KnownVersion {
    const { readModel, organization } = this.#powers;
    const record = readModel.get('version', version)?.record;
    if (record === undefined) throw new Refusal('VERSION_NOT_FOUND', `there is no version ${version}`);
    if (record.owner !== organization)
      throw new Refusal('CALLER_NOT_OWNER', `only its owner ${record.owner} knows where ${version} lies`);
    checkNotErased(record);
    const kept = this.kept(version);
    if (kept === undefined) throw new Fault('corrupt', `The keys of ${version} are not in this gateway's key store.`);
    return kept;
  }

  /** The same of whatever is kept, published or not; nothing where no keys are. */
  kept(version: VersionId): KnownVersion | undefined {
    const { keys, store } = this.#powers;
    const kept = keys.version(version);
    if (kept === undefined) return undefined;
    const blocks = new VersionBlocks(manifestNow(kept));
    return { blocks, slots: currentSlots(blocks.manifest, store.moved(version)) };
  }

  /** Every block of a version of ours where it belongs, also as it is being sealed or shared anew; nothing where it is not kept. */
  belonging(version: VersionId): readonly PlacedBlock[] | undefined {
    const { keys, store } = this.#powers;
    const known = this.isKept(version) ? this.kept(version) : undefined;
    if (known === undefined) return undefined;
    const next = keys.next(version);
    const blocksToBe = next && new VersionBlocks(parseManifest(next.manifest));
    return [
      ...placedBlocks(known.blocks, known.slots),
      ...(blocksToBe === undefined ? [] : placedBlocks(blocksToBe, currentSlots(blocksToBe.manifest, new Map()))),
      ...resharedBlocks(store.resharing(version)),
    ];
  }

  /** Whether it is ours to look after still. */
  isKept(version: VersionId): boolean {
    const { keys, readModel } = this.#powers;
    const isErased = readModel.get('version', version)?.record.erasure !== undefined;
    return !isErased && keys.version(version) !== undefined;
  }

  /** What was observed of the slots where they lie now. */
  observations(version: VersionId, slots: readonly CurrentSlot[]): readonly Observation[] {
    return this.#powers.store
      .observed(version)
      .filter(({ slot, storageNode }) => slots[slot]?.storageNode === storageNode);
  }
}
