import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { backUp, restore } from '../../backup/index.ts';
import { openKeyProtection, readPassphrase } from '../../keys/index.ts';
import { gatewayConfigIfThere, gatewayRuns, layoutOf } from '../../supervisor/index.ts';
import type { Session } from '../session.ts';

type Options = { readonly directory: string };

/** Adds `backup`, `restore`: on the gateway's own machine, for who may read its files. */
export function addBackupCommands(program: Command, session: Session, options: () => Options): void {
  const passphraseFile = ['--passphrase-file <file>', 'file of mode 0600 whose first line is the passphrase'] as const;
  program
    .command('backup')
    .description('write what a gateway needs and the ledger cannot give again into one sealed file')
    .requiredOption('-o, --output <file>', 'file to write; one that is there is refused')
    .requiredOption(...passphraseFile)
    .action(async (wish: { output: string; passphraseFile: string }) => {
      const made = await backUp({
        ...(await whose()),
        file: resolve(wish.output),
        passphrase: await readPassphrase(wish.passphraseFile),
        protection: await protectionNow(),
        now: new Date(),
      });
      session.output.result(
        { ok: true, ...made },
        `${made.file}: ${made.files} files, ${made.sizeBytes} bytes, opened again to its end.\nIt opens with its passphrase only: keep both, apart.`,
      );
    });
  program
    .command('restore <file>')
    .description('put a gateway back from a backup; what is there is not written over')
    .requiredOption(...passphraseFile)
    .action(async (file: string, wish: { passphraseFile: string }) => {
      const { home, organization } = await whose();
      if (await gatewayRuns(resolve(options().directory), organization))
        throw new Error(`The gateway of ${organization} runs: stop it first, with dcloud down.`);
      const passphrase = await readPassphrase(wish.passphraseFile);
      const done = await restore({ home, organization, file: resolve(file), passphrase });
      session.output.result(
        { ok: true, ...done },
        [
          `The gateway of ${organization} is as it was at ${done.takenAt}: ${done.restored.join(', ')}.`,
          ...(done.kept.length > 0 ? [`Kept as they were: ${done.kept.join(', ')}.`] : []),
          'Start it with dcloud up: it reads what came after from the ledger. Keys made after the backup are lost.',
        ].join('\n'),
      );
    });

  async function protectionNow() {
    const config = await gatewayConfigIfThere(resolve(options().directory), await session.organization());
    return openKeyProtection(config?.keyStore, randomBytes);
  }

  async function whose() {
    const organization = await session.organization();
    const { gateway } = layoutOf(resolve(options().directory)).ofOrganization(organization);
    return { home: resolve(gateway, '..'), organization };
  }
}
