import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The longest needle that is found across two pieces of a file. */
const overlap = 256;

/** Files under a folder that hold one of the needles, and how many files were looked into. */
export async function filesHolding(
  folder: string,
  needles: readonly Buffer[],
): Promise<{ looked: number; found: string[] }> {
  const found: string[] = [];
  let looked = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    looked++;
    let tail = Buffer.alloc(0);
    try {
      for await (const piece of createReadStream(file, { highWaterMark: 2 ** 20 })) {
        const window = Buffer.concat([tail, piece as Buffer]);
        if (needles.some((needle) => window.includes(needle))) {
          found.push(relative(folder, file));
          break;
        }
        tail = window.subarray(-overlap);
      }
    } catch (error) {
      // Temporary files come and go while programs run.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return { looked, found };
}
