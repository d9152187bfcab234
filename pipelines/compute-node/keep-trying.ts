import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '@d-cloud/network/ledger';

const pauses = { firstMs: 250, longestMs: 5_000 };

/**
 * Does something again, with growing pauses, while a part of the network is away: after every fault that may mend itself, until the
 * time is over or the signal ends it. A claim's heartbeats go on meanwhile, so that an absence costs time and not the partition.
 */
export async function keepTrying<T>(
  act: () => Promise<T>,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const until = performance.now() + withinMs;
  for (let pauseMs = pauses.firstMs; ; pauseMs = Math.min(pauseMs * 2, pauses.longestMs)) {
    try {
      return await act();
    } catch (error) {
      const mayMend = error instanceof Fault && error.retryable;
      if (!mayMend || signal.aborted || performance.now() + pauseMs > until) throw error;
      await wait(pauseMs, undefined, { signal });
    }
  }
}
