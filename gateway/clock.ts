import type { Clock } from './services.ts';

/** Milliseconds of a clock that never goes back nor jumps, from any beginning. */
export type Elapsed = () => number;

const sinceStart: Elapsed = () => performance.now();

/**
 * Wall time for what ends at a time: it follows the machine's clock forward and never back, so that no right begins again which had ended. Where the
 * machine's clock is put back, it counts on from the latest time that was told: one that was far ahead stays ahead until the program starts again.
 */
export function neverBack(wall: () => number = Date.now, elapsed: Elapsed = sinceStart): Clock {
  let [latestMs, toldAt] = [wall(), elapsed()];
  return {
    now: () => {
      const at = elapsed();
      latestMs = Math.max(wall(), latestMs + at - toldAt);
      toldAt = at;
      return new Date(latestMs);
    },
  };
}

/** The time at which it was made and what has passed since, whatever is done to the machine's clock: for durations that are kept across restarts. */
export function steadily(clock: Clock, elapsed: Elapsed = sinceStart): Clock {
  const beganMs = clock.now().getTime() - elapsed();
  return { now: () => new Date(beganMs + elapsed()) };
}
