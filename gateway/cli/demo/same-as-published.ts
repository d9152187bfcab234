import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readTar } from '../../publish/read-tar.ts';
import { localFiles } from '../actions/folder.ts';
import type { RestClient } from '../rest.ts';

export type Comparison = {
  readonly same: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly difference?: string;
};

/** Reads a version back through a gateway and compares every file with the folder it was published from. */
export async function sameAsPublished(rest: RestClient, version: string, folder: string): Promise<Comparison> {
  const wanted = new Map((await localFiles(folder)).map(({ name, path }) => [name, path]));
  const response = await rest.open('GET', `/versions/${version}/content`, { accept: 'application/x-tar' });
  let [files, bytes] = [0, 0];
  for await (const { name, body } of readTar(response.body as AsyncIterable<Uint8Array>)) {
    const hash = createHash('sha256');
    for await (const piece of body) {
      hash.update(piece);
      bytes += piece.length;
    }
    files++;
    const path = wanted.get(name);
    if (path === undefined) return { same: false, files, bytes, difference: `${name} was never published` };
    const original = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    if (hash.digest('hex') !== original) return { same: false, files, bytes, difference: `${name} has other bytes` };
    wanted.delete(name);
  }
  const [missing] = wanted.keys();
  return {
    same: missing === undefined,
    files,
    bytes,
    ...(missing !== undefined && { difference: `${missing} is missing` }),
  };
}
