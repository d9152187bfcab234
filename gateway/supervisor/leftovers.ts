import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasEnded, isOurs } from './state.ts';

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
    if (Number.isSafeInteger(pid) && pid > 1 && isOurs(pid, directory)) {
      process.kill(pid, 'SIGKILL');
      ended.push(file.slice(0, -'.pid'.length));
      while (!hasEnded(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await rm(join(run, file), { force: true });
  }
  return ended;
}
