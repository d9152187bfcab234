import { readFile, stat } from 'node:fs/promises';
import { Fault } from '@d-cloud/network/ledger';

/** scrypt (RFC 7914) at 128 MiB: about half a second for whoever has the passphrase, and as much for each guess. */
export const scryptCost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 ** 2 } as const;
const longestBytes = 1024;

/** The passphrase in a file's first line, which only its owner may read. Fault `misconfigured` says in a sentence what is wrong with the file, never what is in it. */
export function readPassphrase(file: string): Promise<string> {
  return readSecretLine(file, 'passphrase', 12);
}

/** The first line of a private file. */
export async function readSecretLine(file: string, what: 'passphrase' | 'PIN', shortest: number): Promise<string> {
  const found = await stat(file).catch((cause: unknown) => {
    throw new Fault('misconfigured', `The ${what} file ${file} cannot be read.`, { cause });
  });
  if ((found.mode & openToOthers(file)) !== 0)
    throw new Fault('misconfigured', `The ${what} file ${file} may be read by others; give it mode 0600.`);
  if (found.size > longestBytes) throw new Fault('misconfigured', `The ${what} file ${file} is too long.`);
  const [line = ''] = (await readFile(file, 'utf8')).split(/\r?\n/);
  if (line.length < shortest)
    throw new Fault('misconfigured', `The ${what} in ${file} needs at least ${shortest} characters.`);
  return line.normalize('NFC');
}

/** systemd lets a service's account read its credentials by an access list, whose mask shows as the group's right to read. */
function openToOthers(file: string): number {
  return file.startsWith('/run/credentials/') ? 0o037 : 0o077;
}
