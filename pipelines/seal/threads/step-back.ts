import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** How far below the event loop's thread: enough for it to be served first where cores are few. */
const niceness = 10;

/**
 * Lets this thread wait for the program's event loop when cores are few. Linux gives every thread a priority of its own, under its thread
 * id; elsewhere nothing happens.
 */
export function stepBack(): void {
  try {
    const thread = Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0]);
    if (thread > 0) setPriority(thread, niceness);
  } catch {
    // Not Linux, or not allowed: the work is done all the same.
  }
}
