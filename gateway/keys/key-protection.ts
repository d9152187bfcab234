import type { GatewayConfig } from '../config.ts';
import { readPassphrase } from './passphrase.ts';
import { passphraseProtection } from './passphrase-protection.ts';

/** A key store's key as its file holds it when it is not plain. */
export type WrappedKey = {
  readonly under: 'passphrase';
  /** 32 bytes. */
  readonly salt: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
  /** AES-256-GCM: 32 bytes of ciphertext, 16 of tag. */
  readonly sealed: Uint8Array;
};

/** What a key store's key lies under. Synchronous and slow on purpose: used when a program starts. */
export type KeyProtection = {
  readonly under: WrappedKey['under'];
  wrap(key: Uint8Array): WrappedKey;
  /** Fault `misconfigured` where it does not open what was wrapped. */
  unwrap(wrapped: WrappedKey): Buffer;
};

/** What a configuration names to protect the key store's key; nothing for a plain key file. Fault `misconfigured` where it cannot be used. */
export async function openKeyProtection(
  keyStore: GatewayConfig['keyStore'],
  random: (bytes: number) => Uint8Array,
): Promise<KeyProtection | undefined> {
  if (keyStore === undefined) return undefined;
  return passphraseProtection(await readPassphrase(keyStore.passphraseFile), random);
}
