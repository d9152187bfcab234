import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';

/** What is asked of a version: by slot, the numbers of the blocks. */
export type Picks = ReadonlyMap<number, readonly number[]>;

export type Auditable = {
  readonly version: VersionId;
  readonly perSlot: number;
  readonly slots: readonly { readonly slot: number; readonly storageNode: StorageNodeId }[];
};

const dayMs = 24 * 60 * 60 * 1000;
const leastPerDay = 300;
const shareOfBlocks = 0.01;

/**
 * Draws what an audit asks of each storage node: of all blocks that should lie there 1 %, but at least 300, a day, scaled to the time
 * between audits, and never more than there are. With 300 a day a storage node that lost 1 % of its blocks is found out within a day
 * with a probability of 95 %.
 */
export function planAudit(
  versions: readonly Auditable[],
  { intervalMs, random }: { readonly intervalMs: number; readonly random: () => number },
): ReadonlyMap<VersionId, Picks> {
  const places = new Map<StorageNodeId, { version: VersionId; slot: number; perSlot: number }[]>();
  for (const { version, perSlot, slots } of versions)
    for (const { slot, storageNode } of slots)
      places.set(storageNode, [...(places.get(storageNode) ?? []), { version, slot, perSlot }]);
  const picks = new Map<VersionId, Map<number, number[]>>();
  for (const held of places.values()) {
    const total = held.reduce((sum, { perSlot }) => sum + perSlot, 0);
    const perDay = Math.max(leastPerDay, total * shareOfBlocks);
    const wanted = Math.min(total, Math.ceil((perDay * intervalMs) / dayMs));
    for (const { at, version, slot } of locate(held, draw(wanted, total, random))) {
      const ofVersion = picks.get(version) ?? new Map<number, number[]>();
      ofVersion.set(slot, [...(ofVersion.get(slot) ?? []), at]);
      picks.set(version, ofVersion);
    }
  }
  return picks;
}

/** `count` different numbers below `total`, in order (Floyd's sampling: CACM 30(9), 1987). */
export function draw(count: number, total: number, random: () => number): readonly number[] {
  const drawn = new Set<number>();
  for (let top = total - count; top < total; top++) {
    const at = Math.min(top, Math.floor(random() * (top + 1)));
    drawn.add(drawn.has(at) ? top : at);
  }
  return [...drawn].sort((a, b) => a - b);
}

/** Which version's, and which of its slot's, the numbered blocks of a storage node are. */
function* locate<P extends { readonly perSlot: number }>(
  places: readonly P[],
  drawn: readonly number[],
): Generator<P & { at: number }> {
  let place = 0;
  let before = 0;
  for (const number of drawn) {
    for (let held = places[place]; held !== undefined; held = places[place]) {
      if (number - before < held.perSlot) {
        yield { ...held, at: number - before };
        break;
      }
      before += held.perSlot;
      place++;
    }
  }
}
