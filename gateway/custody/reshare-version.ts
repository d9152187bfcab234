import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { StoreRefusal } from '@d-cloud/network/store';
import { blockId, type SplitSecret, shareAnew } from '@d-cloud/pipelines/seal';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { type SharedSecrets, sharesAt } from '../keys/shared-secrets.ts';
import { PeerProblem } from '../peer/peer-problem.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import type { CustodyStore, Resharing } from './custody-store.ts';
import type { DirectBlocks } from './direct-blocks.ts';
import type { CurrentSlot, VersionBlocks } from './version-blocks.ts';

export type ResharePowers = {
  readonly store: CustodyStore;
  readonly keys: Pick<KeyStore, 'putShares'>;
  readonly keeper: Pick<KeyKeeper, 'keep'>;
  readonly secrets: Pick<SharedSecrets, 'lend'>;
  readonly blocks: Pick<DirectBlocks, 'put' | 'remove'>;
  /** Whether a storage node has left for good, and took its share with it. */
  readonly hasLeft: (storageNode: StorageNodeId) => boolean;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly failpoint: Failpoint;
};

/**
 * Shares a version's S anew among the storage nodes that are not barred: another polynomial, the same S. Once the old shares are gone
 * from where they may be removed, a barred node's share combines with nothing. Fragments stay as they are. The old shares count until
 * more than k new ones are placed, read back and written down; a crash at any line is followed by the rest of the work, or by
 * taking back what was placed.
 */
export async function reshareVersion(
  powers: ResharePowers,
  { version, manifest }: VersionBlocks,
  slots: readonly CurrentSlot[],
  barred: ReadonlySet<StorageNodeId>,
  signal: AbortSignal,
): Promise<void> {
  const { store, keys, secrets, random, failpoint } = powers;
  if (manifest.shares === undefined) return store.bar(version, barred);
  const begun = store.resharing(version);
  if (begun !== undefined) {
    if (Buffer.compare(begun.after, manifest.shares) === 0) await end(powers, version, begun, barred, signal);
    else {
      await clear(powers, begun.after, begun.places, barred, signal);
      store.endResharing(version, new Set());
    }
    // A storage node that was barred since then may have one of the shares that count now.
    if (barred.isSubsetOf(store.barred(version))) return;
  }
  const fresh = await secrets.lend(
    sharesAt(manifest, slots, ['own', version]),
    (s) => shareAnew(s as Uint8Array, manifest, random),
    signal,
  );
  // Where slots were moved away from an old share may lie as well: once the shares' names change, clearing such a place leaves it there.
  const places = [...slots, ...store.vacated(version)];
  const resharing = { before: manifest.shares, after: fresh.digests, places, barred };
  store.beginResharing(version, resharing);
  await place(powers, manifest.k, fresh, slots, barred, signal);
  failpoint('expel.placed');
  keys.putShares(version, fresh.digests);
  failpoint('expel.switched');
  await end(powers, version, resharing, barred, signal);
}

/** The new shares count: removes the old ones. `barred` are those of now, more of them maybe than when it began. */
async function end(
  powers: ResharePowers,
  version: VersionId,
  resharing: Resharing,
  barred: ReadonlySet<StorageNodeId>,
  signal: AbortSignal,
): Promise<void> {
  const { keeper, failpoint, store } = powers;
  await keeper.keep(version, signal);
  await clear(powers, resharing.before, resharing.places, barred, signal);
  failpoint('expel.cleared');
  store.endResharing(version, resharing.barred);
}

/** Puts the new shares; a storage node that is away gets its own later, by a repair. Fault `unavailable` where too few took theirs. */
async function place(
  { blocks }: ResharePowers,
  k: number,
  fresh: Pick<SplitSecret, 'blocks'>,
  slots: readonly CurrentSlot[],
  barred: ReadonlySet<StorageNodeId>,
  signal: AbortSignal,
): Promise<void> {
  let placed = 0;
  for (const { slot, storageNode } of slots) {
    const block = fresh.blocks[slot];
    if (block === undefined || barred.has(storageNode)) continue;
    try {
      await blocks.put(storageNode, block.cid, block.bytes, signal);
      placed++;
    } catch (error) {
      signal.throwIfAborted();
      if (!isTheNodes(error)) throw error;
    }
  }
  if (placed <= k)
    throw new Fault('unavailable', `Only ${placed} storage nodes took a new share, and ${k + 1} are needed.`);
}

/** Removes shares from where they lay. Fault `unavailable` while a storage node that is not barred and has not left has not answered. */
async function clear(
  { blocks, hasLeft }: ResharePowers,
  digests: Uint8Array,
  places: Resharing['places'],
  barred: ReadonlySet<StorageNodeId>,
  signal: AbortSignal,
): Promise<void> {
  let away: { readonly node: StorageNodeId; readonly cause: Fault } | undefined;
  for (const { slot, storageNode } of places) {
    try {
      await blocks.remove(storageNode, blockId(digests.subarray(32 * slot, 32 * slot + 32)), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isTheNodes(error)) throw error;
      // A refusal is an answer: the block is not there. Of a barred node nothing is expected.
      if (error instanceof Fault && !barred.has(storageNode) && !hasLeft(storageNode))
        away = { node: storageNode, cause: error };
    }
  }
  if (away === undefined) return;
  throw new Fault('unavailable', `An old share may still lie on storage node ${away.node}.`, { cause: away.cause });
}

function isTheNodes(error: unknown): boolean {
  return error instanceof Fault || error instanceof StoreRefusal || error instanceof PeerProblem;
}
