import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@d-cloud/network/ledger';

const pollMs = 200;

/** Tries again what may work later, until it works or the time is over; then the last Fault is thrown. */
export async function until<T>(
  what: string,
  { withinMs, signal }: { readonly withinMs: number; readonly signal?: AbortSignal },
  attempt: () => Promise<T>,
): Promise<T> {
  for (const end = performance.now() + withinMs; ; await delay(pollMs, undefined, signal && { signal })) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Fault) || !error.retryable) throw error;
      if (performance.now() > end) throw new Fault('timeout', `waited too long for ${what}`, { cause: error });
    }
  }
}
