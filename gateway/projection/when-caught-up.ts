import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '@d-cloud/network/ledger';
import type { ReadModel } from './read-model.ts';

const pauseMs = 1_000;

/**
 * Resolves when the read model shows what our own peer had when this was first answered. Until then it may be one that is being built again
 * from block 0, which shows the past as if it were now: whoever acts on it by itself would do again what was done long ago. Waits as long
 * as the peer is away; throws the signal's reason.
 */
export async function whenCaughtUp(
  readModel: Pick<ReadModel, 'waitFor'>,
  height: (signal: AbortSignal) => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  let wanted: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      wanted ??= (await height(signal)) - 1;
      return await readModel.waitFor(wanted, { signal });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      await wait(pauseMs, undefined, { signal });
    }
  }
}
