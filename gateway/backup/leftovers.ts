import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const staged = /^\.(?:backup|restore)-[A-Za-z0-9]{6}$/;
/** None takes so long: what is younger may be under way. */
const oldEnoughMs = 60 * 60 * 1000;

/** Removes what a backup, a restore or a recovery that was killed has left in a directory: copies of keys. Gives how many were removed. */
export async function removeLeftovers(directory: string, now: Date): Promise<number> {
  let removed = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    if (!staged.test(name)) continue;
    const path = join(directory, name);
    const { mtimeMs } = await stat(path);
    if (now.getTime() - mtimeMs < oldEnoughMs) continue;
    await rm(path, { recursive: true, force: true });
    removed++;
  }
  return removed;
}
