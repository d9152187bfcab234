import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceItem } from './source-item.ts';

/**
 * The files of a folder and its sub-folders as items, in the order of their names' UTF-8 bytes, named by their path from the folder with `/` between.
 * Hidden files, symbolic links and everything that is no plain file are left out, so that nothing outside the folder is taken in.
 */
export async function* readFolder(folder: string): AsyncGenerator<SourceItem> {
  for (const name of await fileNames(folder, '')) {
    yield { name, bytes: readFile(join(folder, name)) };
  }
}

/** Opens the file when the first piece is asked for, so that an item that is refused by its name leaves nothing open. */
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { highWaterMark: 1 << 20 });
}

async function fileNames(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) names.push(...(await fileNames(folder, name)));
    else if (entry.isFile()) names.push(name);
  }
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
