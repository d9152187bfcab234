import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Marks a directory as the demo's own, which it may empty. */
const mark = '.made-by-the-demo';

/**
 * Gives the demo an empty directory: a new one, or its own of an earlier time, even one that was being emptied when it was killed.
 * Refuses one that holds anything else, a person's own network too.
 */
export async function clearGround(directory: string, stop: () => Promise<unknown>): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const entries = await readdir(directory);
  if (entries.length > 0 && !entries.includes(mark))
    throw new Error(
      `${directory} is there and was not made by the demo: move it away, or give --directory <another folder>`,
    );
  await writeFile(join(directory, mark), '');
  await stop();
  for (const entry of entries) if (entry !== mark) await rm(join(directory, entry), { recursive: true, force: true });
}
