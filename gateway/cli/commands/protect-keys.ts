import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { openKeyProtection, protectKeyFile } from '../../keys/index.ts';
import { configureKeyStore, gatewayConfigIfThere, gatewayRuns } from '../../supervisor/index.ts';
import type { Session } from '../session.ts';

type Wish = { readonly passphraseFile?: string; readonly plain?: true };

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
    .option('--plain', 'nothing: the key file lies there as it is')
    .action(async (wish: Wish) => {
      const keyStore = wanted(wish);
      const directory = resolve(options().directory);
      const organization = await session.organization();
      if (await gatewayRuns(directory, organization))
        throw new Error(`The gateway of ${organization} runs: keep it down with dcloud hold gateway-${organization}.`);
      const config = await gatewayConfigIfThere(directory, organization);
      if (config === undefined) throw new Error(`There is no gateway of ${organization} here.`);
      const keyFile = join(config.data, 'key-store.key');
      await protectKeyFile({
        keyFile,
        from: () => openKeyProtection(config.keyStore, randomBytes),
        to: await openKeyProtection(keyStore, randomBytes),
      });
      await configureKeyStore(directory, organization, keyStore);
      const under = keyStore === undefined ? 'plain' : `under the passphrase in ${keyStore.passphraseFile}`;
      session.output.result(
        { ok: true, keyFile, keyStore: keyStore ?? null },
        [
          `${keyFile} is ${under}. Start the gateway with dcloud release gateway-${organization}, or dcloud up.`,
          ...(keyStore === undefined ? [] : ['Copies made before hold it as it was: backups, snapshots of the disk.']),
        ].join('\n'),
      );
    });
}

/** Exactly one way. Paths are the gateway's, which may run from another folder. */
function wanted({ passphraseFile, plain }: Wish) {
  if ((passphraseFile === undefined) === (plain === undefined))
    throw new Error('Say one of --passphrase-file <file> and --plain.');
  return passphraseFile === undefined ? undefined : { passphraseFile: resolve(passphraseFile) };
}
