import type { Clock } from './services.ts';

/** Milliseconds of a clock that never goes back nor jumps, from any beginning. */
export type Elapsed = () => number;

const sinceStart: Elapsed = () => performance.now();

/**
 * Wall time for what ends at a time: it follows the machine's clock forward and never back, so that no right begins again which had ended. A clock that was
 * wrong and is put back counts on from where it would be by the time that has passed since the program began.
 */
export function neverBack(wall: () => number = Date.now, elapsed: Elapsed = sinceStart): Clock {
  const steady = steadily({ now: () => new Date(wall()) }, elapsed);
  return { now: () => new Date(Math.max(wall(), steady.now().getTime())) };
}

/** The time at which it was made and what has passed since, whatever is done to the machine's clock: for durations that are kept across restarts. */
export function steadily(clock: Clock, elapsed: Elapsed = sinceStart): Clock {
  const beganMs = clock.now().getTime() - elapsed();
  return { now: () => new Date(beganMs + elapsed()) };
}
