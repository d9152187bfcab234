/** A program that writes versions into a key store and an upload journal, says which writes returned, and goes on after any that failed. Argument: a folder. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetId, VersionId } from '@d-cloud/chaincode/domain';
import { KeyStore } from '../keys/key-store.ts';
import { UploadJournal } from '../publish/upload-journal.ts';

export const writes = 20;
export const versionAt = (at: number) => `vers_${at}` as VersionId;

export const openJournal = (folder: string) => new UploadJournal(join(folder, 'uploads.sqlite'));

export function openKeys(folder: string): KeyStore {
  const files = { file: join(folder, 'keys.sqlite'), keyFile: join(folder, 'key-store.key') };
  return KeyStore.open({ ...files, random: (size) => new Uint8Array(size).fill(7) });
}

export const openStores = (folder: string) => ({ keys: openKeys(folder), journal: openJournal(folder) });

if (import.meta.main) {
  const { keys, journal } = openStores(process.argv[2]!);
  const person = { person: 'p', role: 'data-team', attempt: 0 };
  for (let at = 0; at < writes; at++) {
    const [version, dataset] = [versionAt(at), `dset_${at}` as DatasetId];
    const both = {
      journal: () => journal.begin({ version, dataset, key: `k${at}`, ...person }),
      keys: () =>
        keys.putVersion({
          version,
          dataset,
          epoch: 1,
          contentKey: new Uint8Array(32).fill(at),
          salt: new Uint8Array(16),
          manifest: new Uint8Array(2_000),
        }),
    };
    for (const [name, write] of Object.entries(both)) {
      try {
        write();
        writeSync(1, `${name} ${at}\n`);
      } catch (error) {
        writeSync(2, `refused: ${(error as Error).message}\n`);
      }
    }
  }
}
