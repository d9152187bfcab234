import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { changeText } from '../actions/change-text.ts';
import { readJson } from '../json-file.ts';
import { wholeNumber } from '../parse-option.ts';
import type { Session } from '../session.ts';
import type { ChangeView } from '../views.ts';

type Common = { readonly channel?: string; readonly summary?: string; readonly sign?: boolean };
type Edit = { readonly kind: string; readonly [field: string]: unknown };

const pem = (file: string) => readFile(file, 'utf8');
const addressList = (text: string) => text.split(',').filter((one) => one !== '');

/** Proposes an edit, signs it where that is wanted, and shows what everybody else will see. */
export async function propose(session: Session, edit: Edit, { channel, summary, sign }: Common): Promise<void> {
  const rest = await session.rest('admin');
  const at = channel ?? (await session.credentials()).channel;
  const body = { edit, summary: summary ?? edit.kind };
  let change = await rest.call<ChangeView>('POST', `/admin/channels/${at}/changes`, { body });
  if (sign) change = await rest.call<ChangeView>('POST', `/admin/changes/${change.id}/sign`);
  session.output.result({ ok: true, change }, changeText(change));
}

/** The options that every proposal has. */
export function proposalOptions(command: Command): Command {
  return command
    .option('--channel <channel>', "which channel; the network's own where it is left out")
    .option('--summary <text>', 'what it is for, in your words')
    .option('--sign', 'sign it at once', false);
}

/** Adds `channel propose <kind>`: every change of a configuration that there is. */
export function addProposeCommands(channel: Command, session: Session): void {
  const group = channel.command('propose').description('propose a change of the configuration to all organizations');
  const kind = (usage: string, description: string) => proposalOptions(group.command(usage).description(description));
  const send = (edit: Edit, options: Common) => propose(session, edit, options);

  kind('set-batch', 'how orderers cut blocks')
    .option('--timeout <time>', 'such as 500ms')
    .option('--messages <number>', 'transactions in a block at most', wholeNumber)
    .option('--bytes <number>', 'bytes of a block at most', wholeNumber)
    .option('--preferred-bytes <number>', 'bytes of a block that are preferred', wholeNumber)
    .action((options) =>
      send(
        {
          kind: 'set-batch',
          timeout: options.timeout,
          maxMessageCount: options.messages,
          absoluteMaxBytes: options.bytes,
          preferredMaxBytes: options.preferredBytes,
        },
        options,
      ),
    );
  kind('set-policy <path> <rule>', "a policy, as 'MAJORITY Admins' or OR('AMSP.admin','BMSP.admin')").action(
    (path: string, rule: string, options) => send({ kind: 'set-policy', path, rule }, options),
  );
  kind('set-capability <section> <name>', 'a capability of Channel, Orderer or Application, such as V2_5').action(
    (section: string, name: string, options) => send({ kind: 'set-capability', section, name }, options),
  );
  for (const verb of ['add-consenter', 'renew-consenter'] as const) {
    kind(
      `${verb} <address>`,
      verb === 'add-consenter' ? 'one more orderer that counts' : 'the new TLS key of an orderer',
    )
      .requiredOption('--tls <file>', "the orderer's TLS certificate")
      .option('--msp <msp-id>', 'for BFT: whose orderer it is')
      .option('--certificate <file>', 'for BFT: its signing certificate')
      .action(async (address: string, { tls, msp, certificate, ...options }) =>
        send(
          {
            kind: verb,
            address,
            tlsCertificate: await pem(tls),
            ...(msp === undefined ? {} : { mspId: msp }),
            ...(certificate === undefined ? {} : { certificate: await pem(certificate) }),
          },
          options,
        ),
      );
  }
  kind('remove-consenter <address>', 'one orderer fewer').action((address: string, options) =>
    send({ kind: 'remove-consenter', address }, options),
  );
  kind('set-anchor-peers <msp-id> <addresses>', "an organization's anchor peers, host:port separated by commas").action(
    (mspId: string, addresses: string, options) =>
      send({ kind: 'set-anchor-peers', mspId, addresses: addressList(addresses) }, options),
  );
  kind(
    'set-orderer-endpoints <msp-id> <addresses>',
    "an organization's orderers, host:port separated by commas",
  ).action((mspId: string, addresses: string, options) =>
    send({ kind: 'set-orderer-endpoints', mspId, addresses: addressList(addresses) }, options),
  );
  kind('set-acl <resource> <policy>', 'who may use a resource, as event/Block /Channel/Application/Readers').action(
    (resource: string, policy: string, options) => send({ kind: 'set-acl', resource, policy }, options),
  );
  kind('set-revocation-list <msp-id> <file>', "an organization's revocation list (PEM, X509 CRL)").action(
    async (mspId: string, file: string, options) =>
      send({ kind: 'set-revocation-list', mspId, lists: [await pem(file)] }, options),
  );
  kind('edit <file>', 'any change, as the JSON that POST /v1/admin/channels/:channel/changes takes').action(
    async (file: string, options) => send((await readJson(file)) as Edit, options),
  );
}
