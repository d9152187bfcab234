import { type MspId, Refusal, type StorageNodeId, type VersionId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { BlockStore } from '@d-cloud/network/store';
import type { GatewayLedger } from '../ledger.ts';
import type { BlockIndex, IndexedBlock } from '../peer/block-index.ts';
import { listAll } from '../peer/list-all.ts';
import type { ReadModel } from '../projection/index.ts';
import type { UploadJournal } from '../publish/upload-journal.ts';
import type { CustodyStore, PlacedBlock } from './custody-store.ts';

export type OrphanPowers = {
  readonly organization: MspId;
  readonly index: BlockIndex;
  readonly journal: Pick<UploadJournal, 'get'>;
  readonly store: CustodyStore;
  readonly readModel: Pick<ReadModel, 'get' | 'list'>;
  readonly ledger: Pick<GatewayLedger, 'evaluate'>;
  readonly nodes: ReadonlyMap<StorageNodeId, BlockStore>;
  /** The blocks of an own version where they belong; nothing where its keys are not kept. */
  readonly own: (version: VersionId) => readonly PlacedBlock[] | undefined;
  /** Runs what must not overlap with anything else that is done to a version's blocks. */
  readonly alone: <T>(version: VersionId, act: () => Promise<T>) => Promise<T>;
  readonly nowMs: () => number;
  readonly horizonMs: number;
};

/**
 * Removes from the own storage nodes what belongs to nothing, or to an owner who has left for good, for longer than the horizon: blocks of versions that were never published
 * and that no upload or job still works on, of versions that are erased, and of own versions the blocks that their manifest or their place does not name. A block
 * without a line in the block index is left alone, because a power cut may have cost only the line. Gives how many were removed.
 */
export async function collectOrphans(powers: OrphanPowers, signal: AbortSignal): Promise<number> {
  const { index, store } = powers;
  const underWay = new Set<string>(
    ['queued', 'running'].flatMap((state) =>
      listAll(powers.readModel, 'job', { state }).map(({ outputVersion }) => outputVersion),
    ),
  );
  const seen = new Set<string>();
  let removed = 0;
  for (const version of index.versions()) {
    signal.throwIfAborted();
    await powers.alone(version, async () => {
      const orphans = orphansOf(powers, version, underWay);
      for (const { cid, node } of orphans) seen.add(`${cid} ${node}`);
      const now = powers.nowMs();
      const isErased = powers.readModel.get('version', version)?.record.erasure !== undefined;
      const horizonMs = isErased ? 0 : powers.horizonMs;
      const due = orphans.filter(({ cid, node }) => now - store.suspect(cid, node, now) >= horizonMs);
      if (due.length === 0 || !(await isStillOrphan(powers, version))) return;
      for (const block of due) if (await remove(powers, block, signal)) removed++;
    });
  }
  for (const { cid, node } of store.suspects) if (!seen.has(`${cid} ${node}`)) store.clear(cid, node);
  return removed;
}

function orphansOf(
  { index, journal, readModel, own, organization }: OrphanPowers,
  version: VersionId,
  underWay: ReadonlySet<string>,
): readonly IndexedBlock[] {
  const record = readModel.get('version', version)?.record;
  if (record?.erasure !== undefined) return index.ofVersion(version);
  if (record === undefined) {
    const upload = journal.get(version)?.state;
    return underWay.has(version) || upload === 'putting' || upload === 'placed' ? [] : index.ofVersion(version);
  }
  // Nobody moves, reads or repairs what belongs to an organization that has left for good.
  if (hasLeft(readModel, record.owner)) return index.ofVersion(version);
  const known = record.owner === organization ? own(version) : undefined;
  if (known === undefined) return [];
  const expected = new Set(known.map(({ cid, node }) => `${cid} ${node}`));
  return index.ofVersion(version).filter(({ cid, node }) => !expected.has(`${cid} ${node}`));
}

/** Whether an organization has left the consortium for good. */
export function hasLeft(readModel: Pick<ReadModel, 'get'>, owner: MspId): boolean {
  return readModel.get('organization', owner)?.record.left !== undefined;
}

/** The read model may lag: the ledger itself is asked before anything of an unpublished version goes. */
async function isStillOrphan({ readModel, ledger }: OrphanPowers, version: VersionId): Promise<boolean> {
  if (readModel.get('version', version) !== undefined) return true;
  try {
    await ledger.evaluate('dataset:getVersion', { id: version });
    return false;
  } catch (error) {
    if (error instanceof Refusal && error.kind === 'absent') return true;
    if (error instanceof Fault) return false;
    throw error;
  }
}

async function remove(
  { index, store, nodes }: OrphanPowers,
  block: IndexedBlock,
  signal: AbortSignal,
): Promise<boolean> {
  const { cid, node } = block;
  try {
    await nodes.get(node)?.remove(cid, { signal });
  } catch (error) {
    signal.throwIfAborted();
    // The storage node is down: it is asked again next time.
    if (error instanceof Fault) return false;
    throw error;
  }
  index.drop(cid, node);
  store.clear(cid, node);
  return true;
}
