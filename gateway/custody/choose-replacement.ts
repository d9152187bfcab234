import { createHash } from 'node:crypto';
import type { StorageNodeId, StorageNodeRecord } from '@d-cloud/chaincode/domain';
import { type Dispersal, organizationLimit } from '@d-cloud/network/store';
import type { CurrentSlot } from './version-blocks.ts';

/**
 * Chooses the storage node that takes a slot's fragments over: active, answering, holding no other slot of the version, and its
 * organization not above its limit afterwards (fewer than k, and few enough that the others hold k; where a version was placed with
 * more from the start, not above that). Prefers hosts and disks that hold nothing of it, then an order of its own per version. Nothing
 * where there is none: two fragments on one storage node would be lost together.
 */
export function chooseReplacement(
  slot: number,
  slots: readonly CurrentSlot[],
  nodes: readonly StorageNodeRecord[],
  alive: ReadonlySet<StorageNodeId>,
  { k, n, seed }: Dispersal & { readonly seed: string },
): CurrentSlot | undefined {
  const others = slots.filter((one) => one.slot !== slot);
  const shareOf = (of: readonly CurrentSlot[], organization: string) =>
    of.filter((one) => one.organization === organization).length;
  const most = Math.max(organizationLimit({ k, n }), ...slots.map(({ organization }) => shareOf(slots, organization)));
  const holding = nodes.filter(({ id }) => others.some(({ storageNode }) => storageNode === id));
  const crowding = ({ host, disk }: StorageNodeRecord) =>
    holding.filter((one) => one.host === host).length +
    holding.filter((one) => one.host === host && one.disk === disk).length;
  const ticket = ({ id }: StorageNodeRecord) => createHash('sha256').update(`${seed}\n${slot}\n${id}`).digest('hex');
  const [chosen] = nodes
    .filter(({ id, state }) => state === 'active' && alive.has(id))
    .filter(({ id }) => !others.some(({ storageNode }) => storageNode === id))
    .filter(({ id }) => slots[slot]?.storageNode !== id)
    .filter(({ organization }) => shareOf(others, organization) + 1 <= most)
    .sort((a, b) => crowding(a) - crowding(b) || (ticket(a) < ticket(b) ? -1 : 1));
  return chosen && { slot, storageNode: chosen.id, organization: chosen.organization };
}
