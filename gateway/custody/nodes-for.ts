import type { MspId, StorageNodeId, StorageNodeRecord } from '@d-cloud/chaincode/domain';
import { listAll } from '../peer/list-all.ts';
import type { ReadModel } from '../projection/index.ts';

/** The storage nodes as an organization may use them for its own versions: one that it has expelled is to it as one that has left. */
export function nodesFor(readModel: Pick<ReadModel, 'list'>, organization: MspId): readonly StorageNodeRecord[] {
  const expelled = new Set(listAll(readModel, 'expulsion', { owner: organization }).map(({ node }) => node));
  return listAll(readModel, 'storage-node').map((node) => (expelled.has(node.id) ? { ...node, state: 'left' } : node));
}

/** The storage nodes whose share of an S must come to nothing: expelled by this organization, or of an organization that is no member any more. */
export function barredNodes(
  readModel: Pick<ReadModel, 'list' | 'get'>,
  organization: MspId,
): ReadonlySet<StorageNodeId> {
  const expelled = listAll(readModel, 'expulsion', { owner: organization }).map(({ node }) => node);
  const departed = listAll(readModel, 'storage-node')
    .filter((node) => readModel.get('organization', node.organization)?.record.left !== undefined)
    .map(({ id }) => id);
  return new Set([...expelled, ...departed]);
}
