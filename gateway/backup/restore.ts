import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '@d-cloud/network/ledger';
import type { TarFile } from '../publish/read-tar.ts';
import { openArchive } from './archive.ts';
import { neededParts, restoredName, unitOf } from './parts.ts';
import { place } from './place.ts';

export type RestoreWish = {
  /** The organization's directory. */
  readonly home: string;
  readonly organization: string;
  readonly file: string;
  readonly passphrase: string;
};

export type Restored = {
  readonly takenAt: string;
  /** Units put back, such as `gateway` and `identities/gateway`. */
  readonly restored: readonly string[];
  /** Units that were there and stay as they are. */
  readonly kept: readonly string[];
};

/**
 * Puts a gateway back from a backup: all of it or nothing. A gateway that is there, even in part, is refused; certificates and keys
 * beside it are restored where they are missing and never written over. The gateway itself appears last, in one step.
 * Its program must not run.
 */
export async function restore({ home, organization, file, passphrase }: RestoreWish): Promise<Restored> {
  const gateway = join(home, 'gateway');
  if ((await readdir(gateway).catch(() => [])).length > 0)
    throw new Fault('misconfigured', `There is a gateway in ${gateway}: move it away first, nothing is written over.`);
  const { header, files } = await openArchive(file, passphrase);
  if (header.organization !== organization)
    throw new Fault('misconfigured', `This is a backup of ${header.organization}, not of ${organization}.`);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const staged = await mkdtemp(join(home, '.restore-'));
  try {
    const units = await unpack(files, staged);
    await writeFile(join(staged, 'gateway', restoredName), `${header.takenAt}\n`, { mode: 0o600, flush: true });
    const kept = units.filter((unit) => unit !== 'gateway' && existsSync(join(home, unit)));
    const restored = units.filter((unit) => !kept.includes(unit));
    const lastOfAll = restored.toSorted((a, b) => Number(a === 'gateway') - Number(b === 'gateway'));
    for (const unit of lastOfAll) await place(join(staged, unit), join(home, unit));
    return { takenAt: header.takenAt, restored, kept };
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** Writes a backup's files under a directory and gives the units they make; the archive was authentic to its end. */
async function unpack(files: AsyncIterable<TarFile>, into: string): Promise<readonly string[]> {
  const units = new Set<string>();
  const paths = new Set<string>();
  for await (const { name, body } of files) {
    const unit = unitOf(name);
    if (unit === undefined) throw new Fault('corrupt', 'This backup holds a file that no gateway has.');
    units.add(unit);
    paths.add(name);
    const path = join(into, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await using handle = await open(path, 'wx', 0o600);
    for await (const piece of body) await handle.writeFile(piece);
    await handle.sync();
  }
  if (!neededParts.every((part) => paths.has(part)))
    throw new Fault('corrupt', 'This backup lacks the keys without which a gateway opens nothing.');
  return [...units];
}
