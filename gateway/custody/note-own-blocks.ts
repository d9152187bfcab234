import type { MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import type { BlockIndex } from '../peer/block-index.ts';
import type { CurrentSlot, VersionBlocks } from './version-blocks.ts';

export type OwnStorage = {
  readonly organization: MspId;
  /** The own storage nodes. */
  readonly storageNodes: ReadonlySet<StorageNodeId>;
  readonly index: Pick<BlockIndex, 'reserve' | 'confirm'>;
};

/**
 * Writes the lines of an own version's blocks on the own storage nodes into a block index that was lost or is older: a block without a line is
 * given to no other organization, so that its readers would miss it. Whether a block is there still, its storage node says when it is asked for.
 */
export function noteOwnBlocks(
  { organization, storageNodes, index }: OwnStorage,
  blocks: VersionBlocks,
  slots: readonly CurrentSlot[],
): void {
  for (const { slot, storageNode: node } of slots) {
    if (!storageNodes.has(node)) continue;
    for (const ordinal of blocks.ordinals) {
      const cid = blocks.cid(slot, ordinal);
      const named = { cid, node, version: blocks.version, owner: organization, putBy: organization };
      // The own storage is not refused to the own blocks that lie there.
      const noted = index.reserve({ ...named, sizeBytes: blocks.sizeBytes(ordinal) }, Number.MAX_SAFE_INTEGER);
      if (noted === 'reserved') index.confirm(cid, node);
    }
  }
}
