import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { GatewayConfig } from '../../service/index.ts';

type KeyStoreSettings = GatewayConfig['keyStore'];

/** What a command line says of a key file's protection. */
export type KeyStoreWish = {
  readonly passphraseFile?: string;
  readonly plain?: true;
  readonly pkcs11?: string;
  readonly token?: string;
  readonly key?: string;
  readonly pinFile?: string;
  readonly makeKey?: true;
};

export function withKeyStoreOptions(command: Command): Command {
  return command
    .option('--passphrase-file <file>', 'file of mode 0600 whose first line is the passphrase; read at each start')
    .option('--pkcs11 <module>', "an AES-256 key of a token: the token's PKCS #11 library")
    .option('--token <label>', 'with --pkcs11: label of the token')
    .option('--key <label>', 'with --pkcs11: label of the key')
    .option('--pin-file <file>', 'with --pkcs11: file of mode 0600 whose first line is the PIN; read at each start')
    .option('--make-key', 'with --pkcs11: make the key in the token where it has none of that label')
    .option('--plain', 'nothing: the key file lies there as it is');
}

/** Whether a way was said at all; options that say how without one are refused by {@link wantedKeyStore}. */
export function saysKeyStore(wish: KeyStoreWish): boolean {
  const { passphraseFile, plain, pkcs11, token, key, pinFile, makeKey } = wish;
  return [passphraseFile, plain, pkcs11, token, key, pinFile, makeKey].some((option) => option !== undefined);
}

/** Exactly one way; nothing for a plain file. Paths are the gateway's, which may run from another folder. */
export function wantedKeyStore({ passphraseFile, plain, pkcs11, token, key, pinFile }: KeyStoreWish): KeyStoreSettings {
  if ([passphraseFile, plain, pkcs11].filter((way) => way !== undefined).length !== 1)
    throw new Error('Say one of --passphrase-file <file>, --pkcs11 <module> and --plain.');
  if (passphraseFile !== undefined) return { passphraseFile: resolve(passphraseFile) };
  if (pkcs11 === undefined) return undefined;
  if (token === undefined || key === undefined || pinFile === undefined)
    throw new Error('--pkcs11 needs --token <label>, --key <label> and --pin-file <file>.');
  return { pkcs11: { module: resolve(pkcs11), tokenLabel: token, keyLabel: key, pinFile: resolve(pinFile) } };
}

/** What the key file is under, in words. */
export function underIn(keyStore: KeyStoreSettings): string {
  if (keyStore === undefined) return 'plain';
  if ('passphraseFile' in keyStore) return `under the passphrase in ${keyStore.passphraseFile}`;
  return `under the key ${keyStore.pkcs11.keyLabel} of the token ${keyStore.pkcs11.tokenLabel}`;
}
