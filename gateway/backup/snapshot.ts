import { existsSync } from 'node:fs';
import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '@d-cloud/network/ledger';
import { databases, gatewayFiles, identities, wholeDirectories, wholeFiles } from './parts.ts';

/** Copies what a backup holds from an organization's directory into an empty one, each database as it was at one moment, while its gateway runs or not. */
export async function takeSnapshot(home: string, into: string): Promise<void> {
  await mkdir(join(into, 'gateway'), { mode: 0o700 });
  for (const name of gatewayFiles) await copy(join(home, 'gateway', name), join(into, 'gateway', name));
  for (const { name, amend } of databases)
    copyDatabase(join(home, 'gateway', name), join(into, 'gateway', name), amend);
  for (const name of [...wholeFiles, ...wholeDirectories]) await copy(join(home, name), join(into, name));
  for (const name of await readdir(join(home, identities)).catch(() => []))
    await copy(join(home, identities, name), join(into, identities, name));
}

/** Parts that a gateway never needed are not there. */
async function copy(from: string, to: string): Promise<void> {
  if (existsSync(from)) await cp(from, to, { recursive: true, errorOnExist: true, force: false });
}

/** VACUUM INTO reads in one transaction, so writers neither wait nor are half seen. */
function copyDatabase(from: string, to: string, amend?: string): void {
  if (!existsSync(from)) return;
  try {
    using live = new DatabaseSync(from, { readOnly: true, timeout: 5_000 });
    live.prepare('VACUUM INTO ?').run(to);
    if (amend === undefined) return;
    using copied = new DatabaseSync(to);
    copied.exec(amend);
  } catch (cause) {
    throw new Fault('corrupt', `The database ${from} cannot be copied.`, { cause });
  }
}
