import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@d-cloud/network/ledger';
import type { KeyProtection } from '../keys/key-protection.ts';
import { KeyStore } from '../keys/key-store.ts';
import { writeArchive } from './archive.ts';
import { takeSnapshot } from './snapshot.ts';

export type BackupWish = {
  /** The organization's directory. */
  readonly home: string;
  /** Its name in the network. */
  readonly organization: string;
  /** The archive to be written. */
  readonly file: string;
  readonly passphrase: string;
  /** What the gateway's key file is under, and stays under in the backup; nothing for a plain one. */
  readonly protection?: KeyProtection | undefined;
  readonly now: Date;
};

export type Backup = {
  readonly file: string;
  readonly takenAt: string;
  readonly files: number;
  readonly sizeBytes: number;
};

/**
 * Writes all that a gateway needs and the ledger cannot give again into one sealed file, while the gateway runs or not. Answers when the
 * file is on disk, was opened again to its end, and its key file opens its key store. Refuses to write over a file.
 */
export async function backUp({ home, organization, file, passphrase, protection, now }: BackupWish): Promise<Backup> {
  if (existsSync(file)) throw new Fault('misconfigured', `${file} is there already: name another file.`);
  if (!existsSync(join(home, 'gateway', 'keys.sqlite')))
    throw new Fault('misconfigured', `There is no gateway of ${organization} here to back up.`);
  const takenAt = now.toISOString();
  // Beside the originals: what lies there for a moment is on the same disk and as private as they are.
  const snapshot = await mkdtemp(join(home, '.backup-'));
  try {
    await takeSnapshot(home, snapshot);
    const kept = join(snapshot, 'gateway');
    KeyStore.open({
      file: join(kept, 'keys.sqlite'),
      keyFile: join(kept, 'key-store.key'),
      random: randomBytes,
      protection,
    })[Symbol.dispose]();
    const files = await writeArchive(snapshot, file, { organization, takenAt }, passphrase);
    return { file, takenAt, files, sizeBytes: (await stat(file)).size };
  } finally {
    await rm(snapshot, { recursive: true, force: true });
  }
}
