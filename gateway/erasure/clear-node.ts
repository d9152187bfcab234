import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import type { BlockStore } from '@d-cloud/network/store';
import type { BlockIndex } from '../peer/block-index.ts';
import { nodeOf } from '../peer/store-block.ts';

export type ClearPowers = {
  readonly index: BlockIndex;
  /** Our own storage nodes. */
  readonly nodes: ReadonlyMap<StorageNodeId, BlockStore>;
  /** Whether the ledger has a version, and not as erased. */
  readonly stands: (version: VersionId) => Promise<boolean>;
  /** Whether a block without a line in the block index may be taken for one of the version under which it is named. */
  readonly trustsNames: () => boolean;
};

/** What came of clearing a storage node of an erased version. */
export type ClearedNode = {
  /** Blocks that were there and are not any more. */
  readonly removed: number;
  /** Blocks that the storage node was asked for afterwards, by local reads, and that it does not have. */
  readonly absent: number;
  /** Blocks that it still has, or may have: what is not absent remains. */
  readonly remaining: number;
};

const atOnce = 8;

/**
 * Removes the blocks of an erased version from one of our storage nodes: all that the block index has under the version, and those named,
 * whose line in the index a power cut may have cost. Then asks the storage node for each, so that every block named counts as absent or as remaining.
 *
 * Every version is sealed with keys of its own, so no two honest ones share a block: whoever put one under another version's name, which anybody
 * may invent, keeps it from nobody's erasure. Only what lies here for a version that stands on the ledger is left, and remains: else readers, who
 * know the names of what they read, could erase a version of their own to have another's blocks removed. For the same reason a block without a line
 * is left, and remains, while lines of others may be missing too.
 */
export async function clearNode(
  { index, nodes, stands, trustsNames }: ClearPowers,
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
    if (line !== undefined && line.version !== version && (await stands(line.version))) {
      remaining++;
      return;
    }
    if (line === undefined && !trustsNames()) {
      if ((await store.stat(cid, { signal })) === undefined) absent++;
      else remaining++;
      return;
    }
    // Not asked for before: Kubo tells no size of a block that rotted, and would keep it for ever.
    const was = await store.remove(cid, { signal });
    const is = await store.stat(cid, { signal });
    // The line of what is still there stays: by it the block is found again.
    if (is === undefined) index.drop(cid, storageNode);
    if (is !== undefined) remaining++;
    else absent++;
    if (was && is === undefined) removed++;
  };
  for (let at = 0; at < cids.length; at += atOnce) {
    signal.throwIfAborted();
    await Promise.all(cids.slice(at, at + atOnce).map(clear));
  }
  return { removed, absent, remaining };
}
