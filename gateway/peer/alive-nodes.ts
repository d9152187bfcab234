import type { StorageNodeId } from '@d-cloud/chaincode/domain';
import { OtherGateway, OwnNode } from '@d-cloud/network/store';
import type { StorageWay } from './storage-ways.ts';

/** A block that nobody has: the CID of the SHA-256 of nothing. Asking for it costs nothing and shows that a storage node answers. */
const nobodysBlock = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
const patienceMs = 2_000;
const once = { tries: 1, firstPauseMs: 0, random: () => 0 };

/**
 * Storage nodes that answer within two seconds. Other organizations' are asked through their gateways, which say 404 without having asked the
 * node: so a gateway that answers counts for its nodes, and a node that is dead behind it shows at the first put.
 */
export async function aliveNodes(ways: ReadonlyMap<StorageNodeId, StorageWay>): Promise<ReadonlySet<StorageNodeId>> {
  const alive = await Promise.all([...ways].map(async ([id, way]) => ((await answers(id, way)) ? id : undefined)));
  return new Set(alive.filter((id) => id !== undefined));
}

async function answers(id: StorageNodeId, { route }: StorageWay): Promise<boolean> {
  try {
    if (route.kind === 'own') {
      await using node = new OwnNode({ id, ...route, deadlineMs: patienceMs, patience: once });
      await node.stat(nobodysBlock);
    } else {
      using gateway = new OtherGateway({ ...route, deadlineMs: patienceMs, patience: once });
      await gateway.blocks(id, { words: ['probe'] }).stat(nobodysBlock);
    }
    return true;
  } catch {
    return false;
  }
}
