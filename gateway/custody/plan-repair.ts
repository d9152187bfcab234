import type { StorageNodeId, StorageNodeRecord } from '@d-cloud/chaincode/domain';
import type { Dispersal } from '@d-cloud/network/store';
import { chooseReplacement } from './choose-replacement.ts';
import type { CurrentSlot } from './version-blocks.ts';
import { isAway, type Observation, type Patience, versionHealth } from './version-health.ts';

export type Move = {
  readonly from: CurrentSlot;
  readonly to: CurrentSlot;
  /** Whether the old storage node still gives what it has, so that fragments are copied and only what fails is computed. */
  readonly copies: boolean;
};

export type RepairPlan = {
  /** Slots whose storage node stays, with the numbers of the blocks to be put there again. */
  readonly inPlace: readonly { readonly place: CurrentSlot; readonly ordinals: readonly number[] }[];
  readonly moves: readonly Move[];
  /** What should be done and cannot, for people. */
  readonly stuck: readonly string[];
};

export type Surroundings = Patience & {
  readonly nodes: readonly StorageNodeRecord[];
  /** Storage nodes that seem to answer. */
  readonly alive: ReadonlySet<StorageNodeId>;
};

/**
 * Decides what a version needs. Missing and corrupt blocks go back to where they were. A slot is moved when its storage node drains or
 * has left, when it has been away for longer than the grace, and at once when no more than k + 1 fragments are left without it.
 */
export function planRepair(
  scheme: Dispersal & { readonly seed: string },
  slots: readonly CurrentSlot[],
  observations: readonly Observation[],
  surroundings: Surroundings,
): RepairPlan {
  const { k, n } = scheme;
  const { intact } = versionHealth({ k, n }, observations, surroundings);
  const observed = new Map(observations.map((one) => [one.slot, one]));
  const states = new Map(surroundings.nodes.map(({ id, state }) => [id, state]));
  const inPlace: { place: CurrentSlot; ordinals: readonly number[] }[] = [];
  const moves: Move[] = [];
  const stuck: string[] = [];
  let placed = slots;
  // A storage node that is being left takes no other slot, though it may seem to be there: a gateway answers for what is behind it.
  const free = surroundings.alive.difference(new Set(slots.map(({ storageNode }) => storageNode)));
  for (const place of slots) {
    const known = observed.get(place.slot);
    const away = known !== undefined && isAway(known, surroundings);
    const state = states.get(place.storageNode) ?? 'left';
    const isLong = known?.awaySinceMs !== undefined && surroundings.nowMs - known.awaySinceMs >= surroundings.graceMs;
    if (state !== 'active' || (away && (isLong || intact <= k + 1))) {
      const to = chooseReplacement(place.slot, placed, surroundings.nodes, free, scheme);
      if (to !== undefined) {
        moves.push({ from: place, to, copies: !away && state !== 'left' });
        placed = placed.map((one) => (one.slot === place.slot ? to : one));
        continue;
      }
      const why = state === 'active' ? 'does not answer' : state === 'draining' ? 'drains' : 'has left';
      stuck.push(
        `Storage node ${place.storageNode} ${why}, and no other storage node can take fragment ${place.slot}; add one.`,
      );
    }
    if (!away && state !== 'left' && known !== undefined && known.bad.size > 0)
      inPlace.push({ place, ordinals: [...known.bad].sort((a, b) => a - b) });
  }
  return { inPlace, moves, stuck };
}
