import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Files under a folder that hold one of the needles, and how many files were looked into. */
export async function filesHolding(
  folder: string,
  needles: readonly Buffer[],
): Promise<{ readonly looked: number; readonly found: readonly string[] }> {
  const found: string[] = [];
  let looked = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    looked++;
    // Temporary files come and go while programs run. No file of a test is too large to be held.
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    if (needles.some((needle) => bytes.includes(needle))) found.push(relative(folder, file));
  }
  return { looked, found };
}
