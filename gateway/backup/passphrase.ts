import { hkdfSync, scrypt } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Fault } from '@d-cloud/network/ledger';

/** scrypt (RFC 7914) at 128 MiB: about half a second for whoever has the passphrase, and as much for each guess. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 ** 2 } as const;
const shortest = 12;
const longestBytes = 1024;

/** The passphrase in a file's first line, which only its owner may read. Fault `misconfigured` says in a sentence what is wrong with the file, never what is in it. */
export async function readPassphrase(file: string): Promise<string> {
  const found = await stat(file).catch((cause: unknown) => {
    throw new Fault('misconfigured', `The passphrase file ${file} cannot be read.`, { cause });
  });
  if ((found.mode & 0o077) !== 0)
    throw new Fault('misconfigured', `The passphrase file ${file} may be read by others; give it mode 0600.`);
  if (found.size > longestBytes) throw new Fault('misconfigured', `The passphrase file ${file} is too long.`);
  const [passphrase = ''] = (await readFile(file, 'utf8')).split(/\r?\n/);
  if (passphrase.length < shortest)
    throw new Fault('misconfigured', `The passphrase in ${file} needs at least ${shortest} characters.`);
  return passphrase.normalize('NFC');
}

/** What a passphrase gives for one archive: the key of its segments, and a value that tells a wrong passphrase from an altered file. */
export type ArchiveKeys = { readonly key: Uint8Array; readonly check: Uint8Array };

/** Derives an archive's keys, 32 bytes each. `header` is bound into the key: an altered header opens nothing. */
export async function archiveKeys(passphrase: string, salt: Uint8Array, header: Uint8Array): Promise<ArchiveKeys> {
  const stretched = await stretch(passphrase, salt);
  const expand = (label: string, bound: Uint8Array) =>
    new Uint8Array(hkdfSync('sha256', stretched, bound, `d-cloud backup v1 ${label}`, 32));
  return { key: expand('segments', header), check: expand('check', new Uint8Array(0)) };
}

function stretch(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(passphrase, salt, 32, cost, (error, key) => (error === null ? resolve(key) : reject(error)));
  return promise;
}
