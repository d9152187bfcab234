/**
 * Ends a network when the test that started it is over, however it ended: this program outlives its parent just long enough to see
 * its standard input close, which no signal can prevent. Arguments: the directories to end and remove. With DCLOUD_TEST_LOGS=<folder>
 * the logs stay there for whoever looks for the reason of a failure.
 */
import { cp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { stopSupervisor } from '@d-cloud/gateway/supervisor';

// Ctrl-C reaches the whole process group, and the work here begins only after it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('close', resolve));
for (const directory of process.argv.slice(2)) {
  await stopSupervisor(directory);
  const keep = process.env.DCLOUD_TEST_LOGS;
  if (keep !== undefined)
    await cp(join(directory, 'logs'), join(keep, basename(directory)), { recursive: true }).catch(() => undefined);
  await rm(directory, { recursive: true, force: true });
}
