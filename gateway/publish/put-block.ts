import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { type BlockRight, type StorageRoutes, StoreRefusal } from '@d-cloud/network/store';
import type { BlockIndex } from '../peer/block-index.ts';
import { PeerProblem } from '../peer/peer-problem.ts';
import type { StorageWay } from '../peer/storage-ways.ts';
import { storeBlock } from '../peer/store-block.ts';
import type { PutBlock } from './put-fragment.ts';
import type { PutList } from './put-list.ts';

export type PutBlockPowers = {
  readonly routes: StorageRoutes;
  readonly ways: ReadonlyMap<StorageNodeId, StorageWay>;
  readonly index: BlockIndex;
  /** Where each put is written down before it begins, so that it can be taken back. */
  readonly puts: PutList;
  readonly organization: MspId;
  readonly version: VersionId;
  readonly right: BlockRight;
  readonly quotaBytes: number;
};

/** Puts blocks of one version: on own storage nodes by RPC, with their place in the block index; on others' through their gateway. Read back and checked. */
export function blockPutter(powers: PutBlockPowers): PutBlock {
  const { routes, ways, index, puts, organization, version, right, quotaBytes } = powers;
  const nodes = new Map(
    [...ways].filter(([, { route }]) => route.kind === 'own').map(([id]) => [id, routes.blocks(id, right)]),
  );
  const own = { index, nodes, quotaBytes: () => quotaBytes };
  return async ({ storageNode }, { cid, bytes }, signal) => {
    puts.add({ cid, storageNode });
    if (!nodes.has(storageNode)) {
      await routes.blocks(storageNode, right).put(cid, bytes, { signal });
      return;
    }
    const owner = organization;
    const block = { cid, node: storageNode, version, owner, putBy: owner, sizeBytes: bytes.length };
    await storeBlock(own, block, bytes, signal).catch((error: unknown) => {
      // As another organization's gateway would have answered it.
      if (!(error instanceof PeerProblem) || error.code !== 'QUOTA_EXCEEDED') throw error;
      throw new StoreRefusal(error.code, error.message);
    });
  };
}
