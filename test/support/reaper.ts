/**
 * Ends a network when the test that started it is over, however it ended: this program outlives its parent just long enough to see
 * its standard input close, which no signal can prevent. Arguments: the directories to end and remove.
 */
import { rm } from 'node:fs/promises';
import { stopSupervisor } from '@d-cloud/gateway/supervisor';

// Ctrl-C reaches the whole process group, and the work here begins only after it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('close', resolve));
for (const directory of process.argv.slice(2)) {
  await stopSupervisor(directory);
  await rm(directory, { recursive: true, force: true });
}
