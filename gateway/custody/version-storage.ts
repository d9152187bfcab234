import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { KnownVersion } from './own-versions.ts';
import { type Reconstruction, reconstruction } from './reconstruction.ts';
import type { CurrentSlot } from './version-blocks.ts';
import { type Observation, type Patience, type StorageState, versionHealth } from './version-health.ts';

/** How a version is stored, from what its owner last found. */
export type VersionStorage = {
  readonly version: VersionId;
  readonly state: StorageState;
  readonly k: number;
  readonly n: number;
  /** Fragments to be had of the stripe that has the fewest. */
  readonly intact: number;
  /** Blocks that each slot has. */
  readonly blocksPerFragment: number;
  readonly fragments: readonly (CurrentSlot & { readonly moved: boolean; readonly found?: Observation })[];
  readonly reconstruction: Reconstruction;
  /** What should be done and cannot, even if every storage node answered. */
  readonly stuck: readonly string[];
  /** Storage nodes that were expelled, or whose organization has left, and that may have a share of S which still combines with the others'. */
  readonly sharing: readonly StorageNodeId[];
};

type Found = {
  readonly observed: readonly Observation[];
  readonly moved: ReadonlyMap<number, unknown>;
  readonly patience: Patience;
  readonly stuck: readonly string[];
  readonly sharing: ReadonlySet<StorageNodeId>;
};

/** Puts together what is known of a version's storage. */
export function versionStorage(
  version: VersionId,
  { blocks: { manifest, perSlot }, slots }: KnownVersion,
  { observed, moved, patience, stuck, sharing }: Found,
): VersionStorage {
  const { k, n } = manifest;
  const found = new Map(observed.map((one) => [one.slot, one]));
  return {
    version,
    ...versionHealth({ k, n }, observed, patience),
    k,
    n,
    blocksPerFragment: perSlot,
    fragments: slots.map((place) => {
      const seen = found.get(place.slot);
      return { ...place, moved: moved.has(place.slot), ...(seen === undefined ? {} : { found: seen }) };
    }),
    reconstruction: reconstruction(k, slots),
    stuck,
    sharing: [...sharing],
  };
}
