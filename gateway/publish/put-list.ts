import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';

export type ListedPut = { readonly cid: string; readonly storageNode: StorageNodeId };

/**
 * The blocks that an unfinished upload has put or is putting, one line each, written before the put begins:
 * so that what an interrupted upload leaves on storage nodes is known by name. Survives the process, not a power cut.
 */
export class PutList implements Disposable {
  readonly #file: number;

  constructor(directory: string, version: VersionId) {
    this.#file = openSync(fileOf(directory, version), 'a', 0o600);
  }

  add({ cid, storageNode }: ListedPut): void {
    writeSync(this.#file, `${cid} ${storageNode}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** What an upload has put. A last line that was cut off is left out: its put had not begun. */
export function readPutList(directory: string, version: VersionId): readonly ListedPut[] {
  const file = fileOf(directory, version);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    const [cid, storageNode] = line.split(' ');
    return cid && storageNode ? [{ cid, storageNode: storageNode as StorageNodeId }] : [];
  });
}

export function removePutList(directory: string, version: VersionId): void {
  rmSync(fileOf(directory, version), { force: true });
}

/** Versions with a list: uploads that were neither published nor cleaned up. */
export function versionsWithPutList(directory: string): readonly VersionId[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.puts'))
    .map((name) => name.slice(0, -'.puts'.length) as VersionId);
}

function fileOf(directory: string, version: VersionId): string {
  return join(directory, `${version}.puts`);
}
