import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '../ledger/fault.ts';

/** How often a fault is met with another try, and how long the pauses between tries grow. */
export interface Patience {
  readonly tries: number;
  readonly firstPauseMs: number;
  /** Spreads the pauses of many callers: a number from 0 to 1. */
  readonly random: () => number;
}

export const usualPatience: Patience = { tries: 3, firstPauseMs: 50, random: Math.random };

/**
 * Tries again while faults say that it may help, with doubling, spread pauses. Refusals and an aborted signal end it at once,
 * and so does a timeout: its deadline was all the time that the caller wanted to give.
 */
export async function patiently<T>(
  attempt: () => Promise<T>,
  { tries, firstPauseMs, random }: Patience,
  signal?: AbortSignal,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (cause) {
      if (!(cause instanceof Fault) || !cause.retryable || cause.kind === 'timeout' || tried >= tries) throw cause;
      const pauseMs = firstPauseMs * 2 ** (tried - 1) * (0.5 + random() / 2);
      await wait(pauseMs, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
    }
  }
}
