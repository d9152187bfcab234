import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renameDurably } from '@d-cloud/network/files';

/** Renames a file or folder to where it belongs, whose folder is made where there is none; back when that is on the disk. */
export async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await renameDurably(from, to);
}
