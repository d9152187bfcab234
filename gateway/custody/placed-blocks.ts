import { blockId } from '@d-cloud/pipelines/seal';
import type { PlacedBlock, Resharing } from './custody-store.ts';
import type { CurrentSlot, VersionBlocks } from './version-blocks.ts';

/** Every block of a version at those slots' storage nodes. */
export function placedBlocks(
  blocks: VersionBlocks,
  slots: readonly Pick<CurrentSlot, 'slot' | 'storageNode'>[],
): readonly PlacedBlock[] {
  return slots.flatMap(({ slot, storageNode }) =>
    blocks.ordinals.map((ordinal) => ({ cid: blocks.cid(slot, ordinal), node: storageNode })),
  );
}

/** The shares of S before and after it is shared anew: both may lie at all of its places until that is ended. */
export function resharedBlocks(resharing: Resharing | undefined): readonly PlacedBlock[] {
  if (resharing === undefined) return [];
  return [resharing.before, resharing.after].flatMap((digests) =>
    resharing.places.map(({ slot, storageNode }) => ({
      cid: blockId(digests.subarray(32 * slot, 32 * slot + 32)),
      node: storageNode,
    })),
  );
}

/** Each block once for each storage node. */
export function distinctBlocks(blocks: readonly PlacedBlock[]): readonly PlacedBlock[] {
  return [...new Map(blocks.map((block) => [`${block.cid} ${block.node}`, block])).values()];
}
