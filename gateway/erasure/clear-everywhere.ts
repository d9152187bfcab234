import type { MspId, StorageNodeId, StorageNodeRecord, VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { PeerClient } from '@d-cloud/network/peers';
import { StoreRefusal } from '@d-cloud/network/store';
import type { ReadModel } from '../projection/index.ts';
import { type ClearedNode, type ClearPowers, clearNode } from './clear-node.ts';
import { clearedNode, mostNamed } from './erasure-routes.ts';

export type ClearEverywherePowers = Omit<ClearPowers, 'stands' | 'trustsNames'> & {
  readonly organization: MspId;
  readonly readModel: Pick<ReadModel, 'get'>;
  readonly peers: Pick<PeerClient, 'send'>;
};

/** A version with the ids of all its blocks. */
export type ErasedBlocks = { readonly version: VersionId; readonly cids: readonly string[] };

const answersWithinMs = 60_000;

/**
 * Has one storage node of the consortium cleared of versions, an own one directly and another organization's through its gateway, and asked for
 * every block of theirs, wherever it was meant to lie: what its answer does not account for remains. Fault where it does not answer.
 */
export async function clearStorageNode(
  powers: ClearEverywherePowers,
  { id, organization }: Pick<StorageNodeRecord, 'id' | 'organization'>,
  versions: readonly ErasedBlocks[],
  signal: AbortSignal,
): Promise<ClearedNode> {
  const clear = powers.nodes.has(id)
    ? (version: VersionId, cids: readonly string[]) => clearOwn(powers, id, version, cids, signal)
    : clearOf(powers, { id, organization }, signal);
  let [removed, absent, remaining] = [0, 0, 0];
  for (const { version, cids } of versions) {
    // A version whose blocks nobody can name any more is still in the block index of whoever holds them.
    for (let at = 0; at === 0 || at < cids.length; at += mostNamed) {
      const named = cids.slice(at, at + mostNamed);
      const part = await clear(version, named);
      removed += part.removed;
      absent += part.absent;
      remaining += Math.max(part.remaining, named.length - part.absent);
    }
  }
  return { removed, absent, remaining };
}

async function clearOwn(
  { index, nodes, readModel }: ClearEverywherePowers,
  id: StorageNodeId,
  version: VersionId,
  cids: readonly string[],
  signal: AbortSignal,
): Promise<ClearedNode> {
  const stands = async (other: VersionId) => {
    const known = readModel.get('version', other);
    return known !== undefined && known.record.erasure === undefined;
  };
  try {
    // The names are those of our own manifest.
    return await clearNode({ index, nodes, stands, trustsNames: () => true }, id, version, cids, signal);
  } catch (error) {
    if (error instanceof StoreRefusal) throw new Fault('unavailable', error.message, { cause: error });
    throw error;
  }
}

function clearOf(
  { readModel, peers }: ClearEverywherePowers,
  { id, organization }: Pick<StorageNodeRecord, 'id' | 'organization'>,
  signal: AbortSignal,
) {
  const address = readModel.get('organization', organization)?.record.gatewayAddress;
  if (address === undefined) throw new Fault('unavailable', `${organization} has no gateway address on the ledger.`);
  return async (version: VersionId, cids: readonly string[]): Promise<ClearedNode> => {
    const path = `/v1/erasures/${version}?node=${id}`;
    const call = { withinMs: answersWithinMs, signal };
    const answer = clearedNode.safeParse(await peers.send('POST', { organization, address }, path, { cids }, call));
    if (!answer.success)
      throw new Fault('corrupt', `${organization} did not say what storage node ${id} has of ${version}.`);
    return answer.data;
  };
}
