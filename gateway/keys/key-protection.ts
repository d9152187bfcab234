import type { GatewayConfig } from '../config.ts';
import { readPassphrase } from './passphrase.ts';
import { passphraseProtection } from './passphrase-protection.ts';
import { tokenProtection } from './token-protection.ts';

/** A key store's key as its file holds it when it is not plain: `iv` 12 bytes, `sealed` 32 bytes of ciphertext and 16 of tag, AES-256-GCM. */
export type WrappedKey =
  | {
      readonly under: 'passphrase';
      /** 32 bytes. */
      readonly salt: Uint8Array;
      readonly iv: Uint8Array;
      readonly sealed: Uint8Array;
    }
  | { readonly under: 'pkcs11'; readonly iv: Uint8Array; readonly sealed: Uint8Array };

type Under = WrappedKey['under'];
type ProtectionOf<Way extends Under> = {
  readonly under: Way;
  wrap(key: Uint8Array): Extract<WrappedKey, { under: Way }>;
  /** Fault `misconfigured` where it does not open what was wrapped. */
  unwrap(wrapped: Extract<WrappedKey, { under: Way }>): Buffer;
};

/** What a key store's key lies under. Synchronous, and slow on purpose or by a device: used when a program starts. */
export type KeyProtection = { [Way in Under]: ProtectionOf<Way> }[Under];

/** What a configuration names to protect the key store's key; nothing for a plain key file. Fault `misconfigured` where it cannot be used. */
export async function openKeyProtection(
  keyStore: GatewayConfig['keyStore'],
  random: (bytes: number) => Uint8Array,
): Promise<KeyProtection | undefined> {
  if (keyStore === undefined) return undefined;
  if ('pkcs11' in keyStore) return tokenProtection(keyStore.pkcs11, random);
  return passphraseProtection(await readPassphrase(keyStore.passphraseFile), random);
}
