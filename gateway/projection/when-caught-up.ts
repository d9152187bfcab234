import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '@d-cloud/network/ledger';
import type { Logger } from 'pino';
import type { ReadModel } from './read-model.ts';

const pauseMs = 1_000;

/**
 * Resolves when the read model shows what our own peer had when this was first answered. Until then it may be one that is being built again
 * from block 0, which shows the past as if it were now: whoever acts on it by itself would do again what was done long ago. Waits as long
 * as the peer is away, and as long as anything else goes wrong, which is logged: nobody asks again. Throws the signal's reason.
 */
export async function whenCaughtUp(
  readModel: Pick<ReadModel, 'waitFor'>,
  height: (signal: AbortSignal) => Promise<number>,
  signal: AbortSignal,
  log: Pick<Logger, 'error'>,
): Promise<void> {
  let wanted: number | undefined;
  let logged: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      wanted ??= (await height(signal)) - 1;
      return await readModel.waitFor(wanted, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Fault) && String(error) !== logged) {
        logged = String(error);
        log.error(
          { err: error },
          'the read model cannot be followed, which is tried again: until then nothing is begun',
        );
      }
      await wait(pauseMs, undefined, { signal });
    }
  }
}
