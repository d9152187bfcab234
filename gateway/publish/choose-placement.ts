import type { MspId, StorageNodeId, StorageNodeRecord } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type Dispersal, type PlaceableNode, type Placement, place, StoreRefusal } from '@d-cloud/network/store';

/** Dispersals in the order of preference (SECURITY 4.4): 4 of 7, 3 of 5, and 2 of 3 where there is one storage node per organization. */
const dispersals: readonly Dispersal[] = [
  { k: 4, n: 7 },
  { k: 3, n: 5 },
  { k: 2, n: 3 },
];

/** Promises about machines may be given up on one machine; those about organizations only where there are fewer than three of them. */
const machines = ['one-fragment-per-host', 'one-fragment-per-disk'] as const;
const all = ['any-organization-may-leave', 'no-organization-holds-k', ...machines] as const;

export type ChosenPlacement = Dispersal & {
  readonly slots: readonly { readonly storageNode: StorageNodeId; readonly organization: MspId }[];
  readonly broken: Placement['broken'];
};

/**
 * Chooses how and where a version is dispersed among the storage nodes that answer now: the widest dispersal whose promises about
 * organizations hold. A consortium with fewer than three storing organizations cannot keep them and gets the widest that fits, with
 * what it does not promise. Fault `unavailable` while too few storage nodes answer.
 */
export function choosePlacement(
  nodes: readonly StorageNodeRecord[],
  alive: ReadonlySet<StorageNodeId>,
  seed: string,
): ChosenPlacement {
  const known = nodes.filter(({ state }) => state === 'active');
  const placeable: PlaceableNode[] = known
    .filter(({ id }) => alive.has(id))
    .map(({ id, organization, host, disk, capacityBytes, state }) => ({
      id,
      organization,
      host,
      disk,
      state,
      freeBytes: Number(capacityBytes),
    }));
  const organizations = new Set(known.map(({ organization }) => organization)).size;
  let lastWord = 'there are no storage nodes';
  for (const dispersal of [...dispersals, ...(organizations < 3 ? dispersals.map(withAll) : [])]) {
    try {
      const { slots, broken } = place(placeable, { giveUp: machines, ...dispersal, seed });
      const { k, n } = dispersal;
      const owners = new Map(known.map((node) => [node.id as string, node]));
      return {
        k,
        n,
        broken,
        slots: slots.map((id) => {
          const node = owners.get(id) as StorageNodeRecord;
          return { storageNode: node.id, organization: node.organization };
        }),
      };
    } catch (error) {
      if (!(error instanceof StoreRefusal)) throw error;
      lastWord = error.detail;
    }
  }
  throw new Fault('unavailable', `Too few storage nodes answer to keep what a version is promised: ${lastWord}`);
}

function withAll(dispersal: Dispersal) {
  return { ...dispersal, giveUp: all };
}
