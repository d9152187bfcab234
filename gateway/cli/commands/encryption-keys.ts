import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { makeTokenKey, openKeyProtection, readRecoveryKey, recoverKeys } from '../../keys/index.ts';
import { openFabricChannel } from '../../service/open-channel.ts';
import { configureKeyStore, gatewayConfigOf, gatewayRuns } from '../../supervisor/index.ts';
import { table } from '../output.ts';
import type { Session } from '../session.ts';
import { type KeyStoreWish, saysKeyStore, underIn, wantedKeyStore, withKeyStoreOptions } from './key-store-options.ts';
import { addProtectCommand } from './protect-keys.ts';

type Options = { readonly directory: string };
type Rotation = {
  readonly settled: boolean;
  readonly organizationEpoch: number;
  readonly recoverable: boolean;
  readonly resealing: { readonly due: readonly string[]; readonly clearing: readonly string[] };
  readonly datasets: readonly {
    readonly dataset: string;
    readonly epoch: number;
    readonly versions: number;
    readonly behind: number;
    readonly older: readonly number[];
  }[];
};

/** Adds `keys status|rotate|recover|protect`: the keys that data is encrypted under. API keys are `key`. */
export function addEncryptionKeyCommands(program: Command, session: Session, options: () => Options): void {
  const keys = program
    .command('keys')
    .description(
      "the organization's encryption keys: how far they are rotated, rotate, recover, protect (API keys: dcloud key)",
    );
  keys
    .command('status')
    .description("show how far your datasets' keys have followed revokes and rotations")
    .action(async () => {
      const rotation = await (await session.rest('admin')).call<Rotation>('GET', '/organizations/own/keys');
      session.output.result({ ok: true, ...rotation }, rotationText(rotation));
      if (!rotation.settled) process.exitCode = 3;
    });
  keys
    .command('rotate')
    .description('give the organization a new key-encryption key; the old one is destroyed when all is wrapped anew')
    .action(async () => {
      const rest = await session.rest('admin');
      const organization = await rest.call<{ mspId: string; agreementKeys: { epoch: number }[] }>(
        'POST',
        '/organizations/own/keys/rotate',
      );
      const epoch = organization.agreementKeys.at(-1)?.epoch;
      session.output.result(
        { ok: true, epoch },
        `${organization.mspId} has a key of epoch ${epoch}; see: dcloud keys status`,
      );
    });
  withKeyStoreOptions(
    keys
      .command('recover')
      .description("build a lost gateway's key store again from the ledger, with the recovery key")
      .requiredOption('--recovery-key <file>', 'the file that was kept offline, of mode 0600'),
  )
    .addHelpText(
      'after',
      "\nThe new key file is under what is said here; else under what the gateway's configuration says, where that is not lost too; else plain.",
    )
    .action(async ({ recoveryKey, ...wish }: KeyStoreWish & { readonly recoveryKey: string }) => {
      const said = saysKeyStore(wish) ? { keyStore: wantedKeyStore(wish) } : undefined;
      const directory = resolve(options().directory);
      const organization = await session.organization();
      if (await gatewayRuns(directory, organization))
        throw new Error(`The gateway of ${organization} runs: keep it down with dcloud hold gateway-${organization}.`);
      const pair = readRecoveryKey(resolve(recoveryKey));
      const config = await gatewayConfigOf(directory, organization, process.env.PATH ?? '');
      const { keyStore } = said ?? config;
      if (wish.makeKey && keyStore !== undefined && 'pkcs11' in keyStore) await makeTokenKey(keyStore.pkcs11);
      await using channel = openFabricChannel(config, async () => {});
      const done = await recoverKeys({
        data: config.data,
        organizationSecret: config.organizationSecret,
        organization: config.organization.mspId,
        channel: config.channel,
        ledger: channel.ledger,
        recoveryKey: pair,
        storageNodes: new Set(config.storageNodes.map(({ id }) => id)),
        protection: await openKeyProtection(keyStore, randomBytes),
      });
      // Whoever is interrupted here says the same to keys protect: the key file is under it already.
      await configureKeyStore(directory, organization, keyStore);
      session.output.result(
        { ok: true, ...done, keyStore: keyStore ?? null },
        [
          `Recovered the keys of ${done.versions} versions of ${done.datasets} datasets, each held against the ledger.`,
          ...(done.unpublished.length > 0 ? [`Never published, and left out: ${done.unpublished.join(', ')}.`] : []),
          `The key file is ${underIn(keyStore)}${said === undefined && keyStore === undefined ? ': where it was under a passphrase or a token before, put it there again with dcloud keys protect' : ''}.`,
          `Start the gateway with dcloud release gateway-${organization}, or dcloud up; then issue API keys with dcloud key issue.`,
        ].join('\n'),
      );
    });
  addProtectCommand(keys, session, options);
}

function rotationText({ settled, organizationEpoch, recoverable, resealing, datasets }: Rotation): string {
  return [
    `Organization key: epoch ${organizationEpoch}. ${recoverable ? 'What is kept on the ledger opens with the recovery key.' : 'There is no recovery key: keep backups.'}`,
    table(
      ['dataset', 'epoch', 'versions', 'still to be wrapped anew', 'older epochs with a key'],
      datasets.map(({ dataset, epoch, versions, behind, older }) => [
        dataset,
        String(epoch),
        String(versions),
        String(behind),
        older.join(' '),
      ]),
    ),
    ...resealing.due.map((version) => `${version} is still to be sealed anew.`),
    ...resealing.clearing.map((version) => `${version} is sealed anew; its old blocks are being removed.`),
    settled ? 'All is under the newest keys.' : 'Not all is under the newest keys yet: ask again.',
  ].join('\n');
}
