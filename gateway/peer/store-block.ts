import type { MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import { type BlockStore, StoreRefusal } from '@d-cloud/network/store';
import type { BlockIndex, IndexedBlock } from './block-index.ts';
import { notFound, PeerProblem } from './peer-problem.ts';

export type StorePowers = {
  readonly index: BlockIndex;
  /** Our own storage nodes. */
  readonly nodes: ReadonlyMap<StorageNodeId, BlockStore>;
  /** Bytes that an organization may keep on our nodes. */
  readonly quotaBytes: (owner: MspId) => number;
};

/** Puts a block on one of our nodes under quota, read back and checked; says whether it was there already. Also the way of our own blocks. */
export async function storeBlock(
  powers: StorePowers,
  block: IndexedBlock,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<{ status: 200 | 201 }> {
  const node = nodeOf(powers, block.node);
  const options = signal === undefined ? {} : { signal };
  const isNew = !powers.index.knows(block.cid, block.node);
  const quotaBytes = powers.quotaBytes(block.owner);
  const reservation = powers.index.reserve(block, quotaBytes);
  switch (reservation) {
    case 'taken':
      throw new PeerProblem(409, 'BLOCK_TAKEN', 'This block belongs to another version.');
    case 'over-quota':
      throw new PeerProblem(
        403,
        'QUOTA_EXCEEDED',
        `${block.owner} keeps ${powers.index.usedBytes(block.owner)} of the ${quotaBytes} bytes that it is given on these storage nodes: too many for ${block.sizeBytes} more. Remove versions, or ask their organization for more.`,
      );
    case 'already-stored':
    case 'reserved':
  }
  // What is stored already is put again, which reads it back: it may have rotted, and who sends it may be repairing it.
  try {
    await node.put(block.cid, bytes, options);
  } catch (error) {
    // Bytes that are wrong never got there, but those of an earlier put under this name may have: its row and its quota stay. A node that failed keeps its reservation until it can be asked again (see unconfirmed()).
    if (error instanceof StoreRefusal) {
      if (isNew) powers.index.drop(block.cid, block.node);
      throw new PeerProblem(422, error.code, error.detail);
    }
    throw error;
  }
  powers.index.confirm(block.cid, block.node);
  return { status: reservation === 'already-stored' ? 200 : 201 };
}

export function nodeOf(powers: Pick<StorePowers, 'nodes'>, id: StorageNodeId): BlockStore {
  const node = powers.nodes.get(id);
  if (node === undefined) throw notFound();
  return node;
}
