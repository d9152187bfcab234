import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { renameDurably } from '@d-cloud/network/files';
import { Fault } from '@d-cloud/network/ledger';
import { writeTar } from '../open/write-tar.ts';
import { readTar, type TarFile } from '../publish/read-tar.ts';
import { type ArchiveHeader, headerFor, headerLine, longestHeaderBytes, readHeader } from './archive-header.ts';
import { archiveKeys } from './passphrase.ts';
import { openSegments, sealSegments } from './sealed-segments.ts';

/**
 * Writes a directory's files as one sealed archive and gives how many they are. The file appears whole or not at all, when it is on disk
 * and was opened again to its end.
 */
export async function writeArchive(
  directory: string,
  file: string,
  of: Pick<ArchiveHeader, 'organization' | 'takenAt'>,
  passphrase: string,
): Promise<number> {
  const salt = randomBytes(32);
  const bound = headerFor(of, salt);
  const { key, check } = await archiveKeys(passphrase, salt, headerLine(bound));
  const unfinished = `${file}.${randomBytes(6).toString('hex')}.unfinished`;
  const handle = await open(unfinished, 'wx', 0o600);
  try {
    await handle.writeFile(headerLine({ ...bound, check: Buffer.from(check).toString('base64') }));
    for await (const piece of sealSegments(writeTar(filesOf(directory)), key)) await handle.writeFile(piece);
    await handle.sync();
    await handle.close();
    const { sizeBytes } = readHeader(await beginningOf(unfinished));
    let files = 0;
    for await (const { body } of readTar(openSegments(readFrom(unfinished, sizeBytes), key))) {
      for await (const _ of body);
      files++;
    }
    await renameDurably(unfinished, file);
    return files;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function* filesOf(directory: string) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) {
    const { size } = await stat(path);
    const name = path
      .slice(directory.length + 1)
      .split(sep)
      .join('/');
    yield { name, sizeBytes: size, body: createReadStream(path) };
  }
}

/** An archive whose passphrase was the right one. Files must be read in order; they are authentic as a whole only when the last was read without a Fault. */
export type OpenArchive = { readonly header: ArchiveHeader; readonly files: AsyncIterable<TarFile> };

/** Opens an archive. Fault `misconfigured` for a wrong passphrase, `corrupt` for what is no backup or was cut off or altered. */
export async function openArchive(file: string, passphrase: string): Promise<OpenArchive> {
  const { header, sizeBytes } = readHeader(await beginningOf(file));
  const { check, ...bound } = header;
  const keys = await archiveKeys(passphrase, Buffer.from(header.salt, 'base64'), headerLine(bound));
  if (!timingSafeEqual(keys.check, Buffer.from(check, 'base64')))
    throw new Fault('misconfigured', 'This passphrase does not open this backup.');
  return { header, files: readTar(openSegments(readFrom(file, sizeBytes), keys.key)) };
}

async function beginningOf(file: string): Promise<Buffer> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (cause) {
    throw new Fault('misconfigured', `The backup ${file} cannot be read.`, { cause });
  }
  await using closing = handle;
  const { buffer, bytesRead } = await closing.read(Buffer.alloc(longestHeaderBytes), 0, longestHeaderBytes, 0);
  return buffer.subarray(0, bytesRead);
}

/** Opens the file only when it is read: an archive of another organization is looked at and left. */
async function* readFrom(file: string, start: number): AsyncGenerator<Uint8Array> {
  yield* createReadStream(file, { start });
}
