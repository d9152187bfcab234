import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { makeTokenKey, openKeyProtection, protectKeyFile } from '../../keys/index.ts';
import type { GatewayConfig } from '../../service/index.ts';
import { configureKeyStore, gatewayConfigIfThere, gatewayRuns } from '../../supervisor/index.ts';
import type { Session } from '../session.ts';

type KeyStoreSettings = GatewayConfig['keyStore'];
type Wish = {
  readonly passphraseFile?: string;
  readonly plain?: true;
  readonly pkcs11?: string;
  readonly token?: string;
  readonly key?: string;
  readonly pinFile?: string;
  readonly makeKey?: true;
};

/** Adds `keys protect`: on the gateway's own machine, for who may write its files, while it is down. */
export function addProtectCommand(
  keys: Command,
  session: Session,
  options: () => { readonly directory: string },
): void {
  keys
    .command('protect')
    .description("say what the key file that opens a gateway's key store is under; the gateway must be down")
    .option('--passphrase-file <file>', 'file of mode 0600 whose first line is the passphrase; read at each start')
    .option('--pkcs11 <module>', "an AES-256 key of a token: the token's PKCS #11 library")
    .option('--token <label>', 'with --pkcs11: label of the token')
    .option('--key <label>', 'with --pkcs11: label of the key')
    .option('--pin-file <file>', 'with --pkcs11: file of mode 0600 whose first line is the PIN; read at each start')
    .option('--make-key', 'with --pkcs11: make the key in the token where it has none of that label')
    .option('--plain', 'nothing: the key file lies there as it is')
    .action(async (wish: Wish) => {
      const keyStore = wanted(wish);
      const directory = resolve(options().directory);
      const organization = await session.organization();
      if (await gatewayRuns(directory, organization))
        throw new Error(`The gateway of ${organization} runs: keep it down with dcloud hold gateway-${organization}.`);
      const config = await gatewayConfigIfThere(directory, organization);
      if (config === undefined) throw new Error(`There is no gateway of ${organization} here.`);
      if (wish.makeKey && keyStore !== undefined && 'pkcs11' in keyStore) await makeTokenKey(keyStore.pkcs11);
      const keyFile = join(config.data, 'key-store.key');
      await protectKeyFile({
        keyFile,
        from: () => openKeyProtection(config.keyStore, randomBytes),
        to: await openKeyProtection(keyStore, randomBytes),
      });
      await configureKeyStore(directory, organization, keyStore);
      session.output.result(
        { ok: true, keyFile, keyStore: keyStore ?? null },
        [
          `${keyFile} is ${underIn(keyStore)}. Start the gateway with dcloud release gateway-${organization}, or dcloud up.`,
          ...(keyStore === undefined ? [] : ['Copies made before hold it as it was: backups, snapshots of the disk.']),
        ].join('\n'),
      );
    });
}

/** Exactly one way. Paths are the gateway's, which may run from another folder. */
function wanted({ passphraseFile, plain, pkcs11, token, key, pinFile }: Wish): KeyStoreSettings {
  if ([passphraseFile, plain, pkcs11].filter((way) => way !== undefined).length !== 1)
    throw new Error('Say one of --passphrase-file <file>, --pkcs11 <module> and --plain.');
  if (passphraseFile !== undefined) return { passphraseFile: resolve(passphraseFile) };
  if (pkcs11 === undefined) return undefined;
  if (token === undefined || key === undefined || pinFile === undefined)
    throw new Error('--pkcs11 needs --token <label>, --key <label> and --pin-file <file>.');
  return { pkcs11: { module: resolve(pkcs11), tokenLabel: token, keyLabel: key, pinFile: resolve(pinFile) } };
}

function underIn(keyStore: KeyStoreSettings): string {
  if (keyStore === undefined) return 'plain';
  if ('passphraseFile' in keyStore) return `under the passphrase in ${keyStore.passphraseFile}`;
  return `under the key ${keyStore.pkcs11.keyLabel} of the token ${keyStore.pkcs11.tokenLabel}`;
}
