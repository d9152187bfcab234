import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { makeTokenKey, openKeyProtection, protectKeyFile } from '../../keys/index.ts';
import { configureKeyStore, gatewayConfigIfThere, gatewayRuns } from '../../supervisor/index.ts';
import type { Session } from '../session.ts';
import { type KeyStoreWish, underIn, wantedKeyStore, withKeyStoreOptions } from './key-store-options.ts';

/** Adds `keys protect`: on the gateway's own machine, for who may write its files, while it is down. */
export function addProtectCommand(
  keys: Command,
  session: Session,
  options: () => { readonly directory: string },
): void {
  withKeyStoreOptions(
    keys
      .command('protect')
      .description("say what the key file that opens a gateway's key store is under; the gateway must be down"),
  ).action(async (wish: KeyStoreWish) => {
    const keyStore = wantedKeyStore(wish);
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
