import { setTimeout as pause } from 'node:timers/promises';

const lookMs = 50;

/**
 * Looks again and again until there is an answer, and gives it. Throws with what was waited for when the deadline passes; errors of
 * a look count as no answer and are told then, because what is waited for is often a program that is down.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 90_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${withinMs / 1000} s for ${what}`, { cause: last });
    await pause(lookMs);
  }
}
