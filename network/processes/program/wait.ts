import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../ledger/fault.ts';

const lookMs = 100;

/**
 * Tries until it succeeds: what is waited for is another program. Gives up with the last error as cause when the signal is
 * aborted, and at once when `hopeless` says so.
 */
export async function eventually<T>(
  what: string,
  act: () => Promise<T>,
  { signal, hopeless = () => false }: { signal: AbortSignal; hopeless?: (error: unknown) => boolean },
): Promise<T> {
  let last: unknown;
  while (!signal.aborted) {
    try {
      return await act();
    } catch (error) {
      if (hopeless(error)) throw error;
      last = error;
    }
    await pause(lookMs, undefined, { signal }).catch(() => undefined);
  }
  const words = last instanceof Error ? `: ${last.message}` : '';
  throw new Fault('timeout', `${what} did not come about in time${words}`, { cause: last });
}
