import type { MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { acknowledged, StoreRefusal } from '@d-cloud/network/store';
import type { OutgoingFragment } from '@d-cloud/pipelines/seal';
import type { ChosenPlacement } from './choose-placement.ts';

export type PutBlock = (
  place: { readonly storageNode: StorageNodeId; readonly organization: MspId },
  fragment: OutgoingFragment,
  signal: AbortSignal,
) => Promise<void>;

/**
 * Puts fragments on the storage nodes of their slots. A storage node that fails is left out from then on while the others alone keep
 * the rule of acknowledgement: any one organization may be lost. Otherwise the put fails, and the upload with it.
 */
export function fragmentPutter(placement: ChosenPlacement, put: PutBlock) {
  const failed = new Set<number>();
  return async (fragment: OutgoingFragment, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    if (failed.has(fragment.slot)) return;
    const place = placement.slots[fragment.slot];
    if (place === undefined) throw new RangeError(`there is no slot ${fragment.slot}`);
    try {
      await put(place, fragment, signal);
    } catch (error) {
      const isTheNodes = error instanceof Fault || (error instanceof StoreRefusal && error.code === 'QUOTA_EXCEEDED');
      if (signal.aborted || !isTheNodes) throw error;
      failed.add(fragment.slot);
      if (!keepsTheRule(placement, failed)) throw error;
    }
  };
}

function keepsTheRule({ slots, k, n, broken }: ChosenPlacement, failed: ReadonlySet<number>): boolean {
  const fragments = slots.map(({ organization }, slot) => ({ organization, verified: !failed.has(slot) }));
  return acknowledged(
    fragments,
    { k, n },
    broken.map(({ promise }) => promise),
  );
}
