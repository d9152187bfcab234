import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TarEntry } from './tar.ts';

/** The repository's root, from the compiled place of this file. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));
export const samples = join(repository, 'test', 'samples');

export const modelFolders = {
  classifier: join(repository, 'models', 'efficientnet-lite0'),
  embedder: join(repository, 'models', 'minilm-l6-v2'),
} as const;

export async function photograph(name: string): Promise<TarEntry & { readonly bytes: Buffer }> {
  return { name, bytes: await readFile(join(samples, 'photographs', 'files', name)) };
}

export async function documentFile(name: string): Promise<TarEntry & { readonly bytes: Buffer }> {
  return { name, bytes: await readFile(join(samples, 'documents', 'files', name)) };
}

export function badSample(name: string): Promise<Buffer> {
  return readFile(join(samples, 'bad', name));
}

/**
 * Photographs that are `sizeBytes` long: what follows a JPEG's end is not looked at. A gateway's segments hold 2 MiB, so a few of them
 * make a version of several segments of several rows, which a job runs as several partitions.
 */
export async function largePhotographs(count: number, sizeBytes = 700_000): Promise<readonly TarEntry[]> {
  const { bytes } = await photograph('rocket.jpg');
  return Array.from({ length: count }, (_, at) => {
    const padded = Buffer.alloc(sizeBytes);
    bytes.copy(padded);
    padded.writeUInt32LE(at, sizeBytes - 4);
    return { name: `rocket-${String(at).padStart(3, '0')}.jpg`, bytes: padded };
  });
}
