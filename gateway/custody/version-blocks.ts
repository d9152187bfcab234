import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import {
  blockId,
  fragmentDigest,
  type StorageManifest,
  type StripeName,
  shareBlockBytes,
  stripeCount,
} from '@d-cloud/pipelines/seal';

/** The storage node that holds a slot's blocks now: the manifest's, or the one they were moved to. */
export type CurrentSlot = {
  readonly slot: number;
  readonly storageNode: StorageNodeId;
  readonly organization: MspId;
};

/**
 * The blocks of a version by place: every slot has `perSlot` of them, numbered from 0 in the order of segments and stripes, and where
 * the version has shares of S, the slot's share comes last.
 */
export class VersionBlocks {
  readonly manifest: StorageManifest;
  readonly version: VersionId;
  readonly stripes: readonly StripeName[];
  readonly perSlot: number;

  constructor(manifest: StorageManifest) {
    this.manifest = manifest;
    this.version = manifest.version as VersionId;
    this.stripes = manifest.segments.flatMap((segment) =>
      Array.from({ length: stripeCount(manifest, segment) }, (_, stripe) => ({ segment: segment.index, stripe })),
    );
    this.perSlot = this.stripes.length + (manifest.shares === undefined ? 0 : 1);
  }

  /** The stripe that a block is a fragment of, or nothing for a share of S. */
  stripe(ordinal: number): StripeName | undefined {
    return this.stripes[ordinal];
  }

  cid(slot: number, ordinal: number): string {
    const stripe = this.stripe(ordinal);
    const { manifest } = this;
    if (stripe === undefined) {
      const digest = manifest.shares?.subarray(32 * slot, 32 * slot + 32);
      if (digest === undefined || ordinal !== this.stripes.length) throw new RangeError(`there is no block ${ordinal}`);
      return blockId(digest);
    }
    return blockId(fragmentDigest(manifest, this.#segment(stripe), stripe.stripe, slot));
  }

  sizeBytes(ordinal: number): number {
    const stripe = this.stripe(ordinal);
    return stripe === undefined ? shareBlockBytes : this.#segment(stripe).fragmentBytes;
  }

  #segment({ segment: index }: StripeName): StorageManifest['segments'][number] {
    const { segments } = this.manifest;
    const segment = segments[index - (segments[0]?.index ?? 0)];
    if (segment === undefined) throw new RangeError(`there is no segment ${index}`);
    return segment;
  }

  get ordinals(): readonly number[] {
    return Array.from({ length: this.perSlot }, (_, ordinal) => ordinal);
  }
}

/** Where a version's blocks lie now, in slot order: as its manifest says, but for the slots that were moved. */
export function currentSlots(
  { slots }: Pick<StorageManifest, 'slots'>,
  moved: ReadonlyMap<number, Omit<CurrentSlot, 'slot'>>,
): readonly CurrentSlot[] {
  return [...slots]
    .sort((a, b) => a.slot - b.slot)
    .map(({ slot, storageNode, organization }) => ({
      slot,
      ...(moved.get(slot) ?? { storageNode: storageNode as StorageNodeId, organization: organization as MspId }),
    }));
}
