import type { AuditedNode, StorageNodeId } from '@d-cloud/chaincode/domain';
import type { BlockStore } from '@d-cloud/network/store';
import type { CustodyStore } from './custody-store.ts';
import type { Picks } from './plan-audit.ts';
import { type Outcome, type Probed, type ProbeOptions, probeBlock, probeBlocks } from './probe-blocks.ts';
import type { CurrentSlot, VersionBlocks } from './version-blocks.ts';
import type { Observation } from './version-health.ts';

export type AuditPowers = {
  readonly store: CustodyStore;
  readonly blocks: { at(storageNode: StorageNodeId): Pick<BlockStore, 'get'> };
  readonly nowMs: () => number;
};

/**
 * Asks the storage nodes of a version for the picked blocks, and for all of a slot's blocks as soon as one of them is missing or
 * corrupt, so that it is known what to repair. Keeps what was found and gives it per storage node.
 */
export async function auditVersion(
  powers: AuditPowers,
  version: VersionBlocks,
  slots: readonly CurrentSlot[],
  picks: Picks,
  options: ProbeOptions,
): Promise<readonly AuditedNode[]> {
  const before = new Map(powers.store.observed(version.version).map((one) => [one.slot, one]));
  const found = await Promise.all(
    slots
      .filter(({ slot }) => picks.has(slot))
      .map(async (place) => {
        const known = before.get(place.slot);
        const asked = [...new Set([...(picks.get(place.slot) ?? []), ...(known?.bad ?? [])])];
        const probed = await auditSlot(powers, version, place, asked, options);
        const observation = observe(place, probed, known, powers.nowMs());
        powers.store.observe(version.version, observation);
        return observation;
      }),
  );
  return found.map(({ storageNode, counts }) => ({ node: storageNode, ...counts, repaired: 0 }));
}

async function auditSlot(
  { blocks }: AuditPowers,
  version: VersionBlocks,
  { slot, storageNode }: CurrentSlot,
  asked: readonly number[],
  options: ProbeOptions,
): Promise<Probed> {
  const probe = async (ordinal: number): Promise<Outcome> => {
    try {
      return await probeBlock(blocks.at(storageNode), version.cid(slot, ordinal), options);
    } catch (error) {
      options.signal.throwIfAborted();
      return unreachable(error);
    }
  };
  const first = await probeBlocks(asked, probe, options);
  const isBad = [...first.values()].some((outcome) => outcome === 'missing' || outcome === 'corrupt');
  if (!isBad || first.size === version.perSlot) return first;
  const rest = version.ordinals.filter((ordinal) => !first.has(ordinal));
  return new Map([...first, ...(await probeBlocks(rest, probe, options))]);
}

/** A storage node to which no way is known any more is away, whatever else is wrong is ours. */
function unreachable(error: unknown): Outcome {
  if (error instanceof Error && error.name === 'Fault') return 'offline';
  throw error;
}

function observe(place: CurrentSlot, probed: Probed, before: Observation | undefined, atMs: number): Observation {
  const counts: Record<Outcome, number> = { ok: 0, missing: 0, corrupt: 0, offline: 0, slow: 0 };
  const bad = new Set<number>();
  for (const [ordinal, outcome] of probed) {
    counts[outcome]++;
    if (outcome === 'missing' || outcome === 'corrupt') bad.add(ordinal);
  }
  const away = counts.ok + counts.missing + counts.corrupt === 0;
  // What was bad before and could not be asked for now is still to be repaired.
  if (away) for (const ordinal of before?.bad ?? []) bad.add(ordinal);
  return { ...place, counts, bad, atMs, ...(away ? { awaySinceMs: Math.min(before?.awaySinceMs ?? atMs, atMs) } : {}) };
}
