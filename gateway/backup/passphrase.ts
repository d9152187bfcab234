import { hkdfSync, scrypt } from 'node:crypto';
import { scryptCost } from '../keys/passphrase.ts';

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
  scrypt(passphrase, salt, 32, scryptCost, (error, key) => (error === null ? resolve(key) : reject(error)));
  return promise;
}
