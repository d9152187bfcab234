import { setTimeout as delay } from 'node:timers/promises';

/** Time and chance, given from outside so that tests decide them. */
export interface Waits {
  /** Milliseconds, never going back. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const realWaits: Waits = {
  now: () => performance.now(),
  random: Math.random,
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch {
      signal?.throwIfAborted();
    }
  },
};

/** Full jitter: anything up to 2^attempt × `firstMs`, at most `mostMs`, so that the crowd that failed together parts. */
export function jitterMs(waits: Waits, attempt: number, firstMs: number, mostMs: number): number {
  return waits.random() * Math.min(mostMs, firstMs * 2 ** attempt);
}
