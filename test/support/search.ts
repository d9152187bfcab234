import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** For each needle the files under a folder that hold it (a text as UTF-8 or UTF-16), and how many files were looked into. */
export async function filesHolding<Needle extends string | Buffer>(
  folder: string,
  needles: readonly Needle[],
): Promise<{ readonly looked: number; readonly found: ReadonlyMap<Needle, readonly string[]> }> {
  const found = new Map<Needle, string[]>(needles.map((needle) => [needle, []]));
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
    for (const [needle, files] of found)
      if (bytes.includes(needle) || (typeof needle === 'string' && bytes.includes(needle, 0, 'utf16le')))
        files.push(relative(folder, file));
  }
  return { looked, found };
}
