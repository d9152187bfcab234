import { Fault } from '@d-cloud/network/ledger';
import { StoreRefusal } from '@d-cloud/network/store';
import type { CustodyStore } from './custody-store.ts';
import type { DirectBlocks } from './direct-blocks.ts';
import type { VersionBlocks } from './version-blocks.ts';

export type ClearPlacesPowers = { readonly store: CustodyStore; readonly blocks: Pick<DirectBlocks, 'remove'> };

/**
 * Takes a version's blocks from the storage nodes that its slots were moved away from. Where one does not answer, its place stays written
 * down and is cleared another time: only the owner knows that what lies there belongs to nothing any more.
 */
export async function clearPlaces(
  { store, blocks }: ClearPlacesPowers,
  version: VersionBlocks,
  signal: AbortSignal,
): Promise<void> {
  for (const { slot, storageNode } of store.vacated(version.version)) {
    if (await clearPlace(blocks, version, slot, storageNode, signal)) store.cleared(version.version, slot, storageNode);
  }
}

async function clearPlace(
  blocks: ClearPlacesPowers['blocks'],
  version: VersionBlocks,
  slot: number,
  storageNode: Parameters<DirectBlocks['remove']>[0],
  signal: AbortSignal,
): Promise<boolean> {
  for (const ordinal of version.ordinals) {
    try {
      await blocks.remove(storageNode, version.cid(slot, ordinal), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Fault) return false;
      // A refusal is an answer: the block is not there, or not ours to remove.
      if (!(error instanceof StoreRefusal)) throw error;
    }
  }
  return true;
}
