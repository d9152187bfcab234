import { setTimeout as wait } from 'node:timers/promises';

/** The longest that a timer can be set for. */
const longestMs = 2 ** 31 - 1;

/** Back after so long, or as soon as the signal ends it. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(Math.min(ms, longestMs), undefined, { signal }).catch(() => {});
}
