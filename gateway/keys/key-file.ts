import { closeSync, existsSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { Fault } from '@d-cloud/network/ledger';

/** Length of the organization's key in bytes; the file holds it as hex. */
const keyBytes = 32;

/**
 * Reads the organization's key from its file, which only its owner may read.
 * Mints one when neither the file nor the store that it protects exists; a lost key file beside a store is a fault, never replaced.
 */
export function readKeyFile(
  path: string,
  options: { storeExists: boolean; random: (bytes: number) => Uint8Array },
): Buffer {
  if (!existsSync(path)) {
    if (options.storeExists)
      throw new Fault('misconfigured', 'The key store is there, but the key file that opens it is missing.');
    mint(path, options.random(keyBytes));
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new Fault('misconfigured', 'The key file may be read by others; give it mode 0600.');
  }
  const text = readFileSync(path, 'ascii').trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new Fault('misconfigured', 'The key file does not hold 64 hexadecimal digits.');
  return Buffer.from(text, 'hex');
}

function mint(path: string, key: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, `${Buffer.from(key).toString('hex')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
