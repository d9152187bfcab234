import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasEnded, isDying, isOurs } from './state.ts';

/**
 * Ends processes of this directory whose supervisor was killed: they still hold ports and data. A pid that belongs to a stranger by
 * now is left alone. Answers the names of what it ended.
 */
export async function endLeftovers(directory: string): Promise<string[]> {
  const run = join(directory, 'run');
  const ended: string[] = [];
  for (const file of await readdir(run).catch(() => [])) {
    if (file.endsWith('.hold')) await rm(join(run, file), { force: true });
    if (!file.endsWith('.pid')) continue;
    const pid = Number(await readFile(join(run, file), 'utf8').catch(() => ''));
    if (Number.isSafeInteger(pid) && pid > 1) {
      const ours = isOurs(pid, directory);
      if (ours) {
        process.kill(pid, 'SIGKILL');
        ended.push(file.slice(0, -'.pid'.length));
      }
      // One that was ending by itself still holds its ports and data, and is waited for as well.
      if (ours || isDying(pid)) await ending(pid);
    }
    await rm(join(run, file), { force: true });
  }
  return ended;
}

const endsWithinMs = 15_000;

async function ending(pid: number): Promise<void> {
  const until = performance.now() + endsWithinMs;
  while (!hasEnded(pid) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
}
