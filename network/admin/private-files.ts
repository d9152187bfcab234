import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renameDurably, replaceFile } from '../files/index.ts';
import { Fault } from '../ledger/fault.ts';

/** Directories of an organization are its own: no other account of the machine may look in. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Writes a whole file or nothing, and makes its directory where there is none. `secret` files are readable by their owner alone. */
export async function writeWhole(path: string, content: string | Uint8Array, kind: 'secret' | 'public'): Promise<void> {
  await makeDirectory(dirname(path));
  await replaceFile(path, content, { mode: kind === 'secret' ? 0o600 : 0o644 });
}

/**
 * Fills a directory under a new name and gives it its own name only when it is complete, so that a crash leaves no half
 * one. Answers false, and keeps what is there, when the name is taken.
 */
export async function makeWholeDirectory(path: string, fill: (directory: string) => Promise<void>): Promise<boolean> {
  const unfinished = join(dirname(path), `.unfinished-${randomBytes(6).toString('hex')}`);
  await makeDirectory(unfinished);
  try {
    await fill(unfinished);
    await renameDurably(unfinished, path);
    return true;
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    if (isErrno(cause, 'ENOTEMPTY') || isErrno(cause, 'EEXIST')) return false;
    throw cause;
  }
}

/** The file's text, or undefined when it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw new Fault('misconfigured', `cannot read ${path}`, { cause });
  }
}

/** The file's text; a missing file is a half-made directory, said in a sentence. */
export async function readNeeded(path: string, meaning: string): Promise<string> {
  const text = await readIfThere(path);
  if (text === undefined) throw new Fault('misconfigured', `${meaning} is missing: there is no ${path}`);
  return text;
}

function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
