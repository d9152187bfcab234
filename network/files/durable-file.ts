import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Brings what was written through a handle, of a file or a directory, to the disk. */
export type Sync = (file: FileHandle) => Promise<void>;

const fsync: Sync = (file) => file.sync();

/**
 * Puts whole new content in a file's place: after a crash it holds the old bytes or the new ones, never some of each. Returns when that survives a crash
 * of the machine. Where it throws, the old file stands, or the new one whose name may not survive; nobody is to be told that it was done.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, sync = fsync }: { readonly mode?: number; readonly sync?: Sync } = {},
): Promise<void> {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.unfinished`;
  try {
    {
      await using file = await open(unfinished, 'wx', mode);
      await file.writeFile(content);
      await sync(file);
    }
    await renameDurably(unfinished, path, sync);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw cause;
  }
}

/** Renames a file or directory whose content is on disk; returns when the new name is, too. */
export async function renameDurably(from: string, to: string, sync: Sync = fsync): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to), sync);
}

/** A name that was made or taken away is only safe once its directory is on disk. */
export async function syncDirectory(path: string, sync: Sync = fsync): Promise<void> {
  await using directory = await open(path, 'r');
  await sync(directory);
}
