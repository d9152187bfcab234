import { readPublicKey } from './digest.ts';
import type { ComputeNodeRecord, ExpulsionRecord, StorageNodeRecord } from './records.ts';
import { Refusal } from './refusal.ts';
import { type Caller, checkOwner } from './roles.ts';
import type { Submits } from './transactions.ts';

export function registerStorageNode(caller: Caller, body: Submits['storage-node:register']['body']): StorageNodeRecord {
  return { v: 1, ...body, organization: caller.mspId, state: 'active' };
}

/** Registers a compute node of the caller's organization under the key that signs its claims and its attestations. */
export function registerComputeNode(caller: Caller, body: Submits['compute-node:register']['body']): ComputeNodeRecord {
  const publicKey = readPublicKey(body.publicKey).export({ format: 'pem', type: 'spki' }).toString();
  return { v: 1, ...body, publicKey, organization: caller.mspId, state: 'active' };
}

type NodeRecord = StorageNodeRecord | ComputeNodeRecord;

/** active to draining: it finishes what it has and takes nothing new. */
export function drain<N extends NodeRecord>(caller: Caller, node: N): N {
  checkOwner(caller, node.organization, node.id);
  if (node.state !== 'active') throw new Refusal('STATE_CONFLICT', `${node.id} is ${node.state}, not active`);
  return { ...node, state: 'draining' };
}

/** active or draining to left, for good. */
export function leave<N extends NodeRecord>(caller: Caller, node: N): N {
  checkOwner(caller, node.organization, node.id);
  if (node.state === 'left') throw new Refusal('STATE_CONFLICT', `${node.id} has left already`);
  return { ...node, state: 'left' };
}

/** Expels a storage node, anybody's, from what the caller's organization stores. */
export function expelStorageNode(
  caller: Caller,
  { id, reason }: Submits['storage-node:expel']['body'],
): ExpulsionRecord {
  return { v: 1, node: id, by: caller.mspId, reason };
}
