import { readFile, writeFile } from 'node:fs/promises';
import { ChangeProposal, signChange } from '@d-cloud/network/admin';
import { signatory } from '@d-cloud/network/ledger';
import type { Command } from 'commander';
import { changesText, changeText } from '../actions/change-text.ts';
import { readJson } from '../json-file.ts';
import type { Session } from '../session.ts';
import type { ChangeView } from '../views.ts';

/** Adds `channel change list|show|sign|refuse|withdraw|submit|export|import|sign-file`. */
export function addChangeCommands(channel: Command, session: Session): void {
  const change = channel.command('change').description('changes that are proposed: look, sign or refuse, submit');
  const admin = () => session.rest('admin');
  const told = (one: ChangeView) => session.output.result({ ok: true, change: one }, changeText(one));

  change
    .command('list')
    .description('own proposals and those of the other organizations, with the signatures they still need')
    .action(async () => {
      const { changes, away } = await (await admin()).call<{ changes: ChangeView[]; away: string[] }>(
        'GET',
        '/admin/changes',
      );
      session.output.result({ ok: true, changes, away }, changesText(changes, away));
    });
  change
    .command('show <change>')
    .description('what a change does, to whom, and who can still block it')
    .action(async (id: string) => told(await (await admin()).call('GET', `/admin/changes/${id}`)));
  const verbs = {
    sign: "sign with the organization's own key, after its gateway has reviewed the bytes itself",
    submit: 'send it to the orderers when enough have signed, and wait until it is in force',
    withdraw: 'take back an own proposal',
  };
  for (const [verb, description] of Object.entries(verbs)) {
    change
      .command(`${verb} <change>`)
      .description(description)
      .action(async (id: string) => told(await (await admin()).call('POST', `/admin/changes/${id}/${verb}`)));
  }
  change
    .command('refuse <change>')
    .description('say no; the proposer is told why')
    .requiredOption('--reason <text>', 'why')
    .action(async (id: string, { reason }: { reason: string }) =>
      told(await (await admin()).call('POST', `/admin/changes/${id}/refuse`, { body: { reason } })),
    );
  change
    .command('export <change>')
    .description('write a change to a file, to be signed by hand')
    .requiredOption('-o, --out <file>', 'where to')
    .action(async (id: string, { out }: { out: string }) => {
      const file = await (await admin()).call('GET', `/admin/changes/${id}/file`);
      await writeFile(out, `${JSON.stringify(file, undefined, 2)}\n`);
      session.output.result({ ok: true, file: out }, `${out} holds ${id} with its signatures`);
    });
  change
    .command('import <file>')
    .description('take in a change that came as a file, with the signatures in it that are right')
    .action(async (file: string) =>
      told(await (await admin()).call('POST', '/admin/changes', { body: await readJson(file) })),
    );
  change
    .command('sign-file <file>')
    .description('sign a change in a file with a personal admin certificate, away from any gateway')
    .requiredOption('--block <file>', 'the newest config block, from your own side: dcloud channel show --block')
    .requiredOption('--msp <msp-id>', 'your organization')
    .requiredOption('--certificate <file>', 'your admin certificate')
    .requiredOption('--key <file>', 'its key (PKCS#8 PEM)')
    .action(async (file: string, options: { block: string; msp: string; certificate: string; key: string }) => {
      const signed = await signFile(file, options);
      const organizations = signed.signatures.map(({ mspId }) => mspId);
      session.output.result(
        { ok: true, file, signed: organizations },
        `${file} is signed by ${organizations.join(', ')}. Whoever proposed it takes it in: dcloud channel change import ${file}`,
      );
    });
}

/** Signs a change in a file in place; refuses one that the guard objects to. Without gateways to ask, members count as running Fabric 2.5. */
async function signFile(
  file: string,
  { block, msp, certificate, key }: { block: string; msp: string; certificate: string; key: string },
): Promise<ChangeProposal> {
  const read = ChangeProposal.safeParse(await readJson(file));
  if (!read.success) throw new Error(`${file} is no change: export one with dcloud channel change export`);
  const configBlock = await readFile(block);
  const privateKey = await readFile(key, 'utf8');
  const admin = signatory({ mspId: msp, certificate: await readFile(certificate, 'utf8'), privateKey });
  const versions = { lowest: '2.5' } as const;
  const signed = signChange(read.data, configBlock, admin, versions);
  await writeFile(file, `${JSON.stringify(signed, undefined, 2)}\n`);
  return signed;
}
