import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { BlockStore } from '@d-cloud/network/store';
import type { BlockIndex } from '../peer/block-index.ts';
import { nodeOf } from '../peer/store-block.ts';

export type ClearPowers = {
  readonly index: BlockIndex;
  /** Our own storage nodes. */
  readonly nodes: ReadonlyMap<StorageNodeId, BlockStore>;
};

/** What came of clearing a storage node of an erased version. */
export type ClearedNode = {
  /** Blocks that were there and are not any more. */
  readonly removed: number;
  /** Blocks that the storage node was asked for afterwards, by local reads, and that it does not have. */
  readonly absent: number;
  /** Blocks that it still has. */
  readonly remaining: number;
};

const atOnce = 8;

/**
 * Removes the blocks of an erased version from one of our storage nodes: all that the block index has under the version, and those named,
 * whose line in the index a power cut may have cost. Then asks the storage node for each. A block of another version is left alone.
 */
export async function clearNode(
  { index, nodes }: ClearPowers,
  storageNode: StorageNodeId,
  version: VersionId,
  named: readonly string[],
  signal: AbortSignal,
): Promise<ClearedNode> {
  const store = nodeOf({ nodes }, storageNode);
  const indexed = index.ofVersion(version).filter(({ node }) => node === storageNode);
  const cids = [...new Set([...indexed.map(({ cid }) => cid), ...named])];
  let [removed, absent, remaining] = [0, 0, 0];
  const clear = async (cid: string) => {
    const line = index.line(cid, storageNode);
    if (line !== undefined && line.version !== version) return;
    // Asked before and after: only what was there counts as removed, and only what is not there as absent.
    const was = await store.stat(cid, { signal });
    if (was !== undefined) await store.remove(cid, { signal });
    const is = was === undefined ? undefined : await store.stat(cid, { signal });
    index.drop(cid, storageNode);
    if (is !== undefined) remaining++;
    else absent++;
    if (was !== undefined && is === undefined) removed++;
  };
  for (let at = 0; at < cids.length; at += atOnce) {
    signal.throwIfAborted();
    await Promise.all(cids.slice(at, at + atOnce).map(clear));
  }
  return { removed, absent, remaining };
}
