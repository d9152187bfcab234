import { readFile, writeFile } from 'node:fs/promises';
import { mspRoots, openOrganization } from '@d-cloud/network/admin';
import type { Command } from 'commander';
import { readBundle } from '../../supervisor/index.ts';
import { jsonOf } from '../json-file.ts';
import { table } from '../output.ts';
import { idList } from '../parse-option.ts';
import type { Session } from '../session.ts';
import { proposalOptions, propose } from './channel-propose.ts';

type Member = {
  readonly mspId: string;
  readonly application: boolean;
  readonly ordering: boolean;
  readonly anchorPeers: readonly string[];
  readonly ordererEndpoints: readonly string[];
  readonly roots: number;
  readonly gateway: string;
  readonly fabricVersion?: string;
};

/** The gateway reads the rest. */
type Described = { readonly mspId?: string; readonly v?: unknown };

type Describe = { out?: string; home?: string; peers: string[]; orderers: string[] };

/** Adds `org list|describe|add|remove`. */
export function addOrganizationCommands(program: Command, session: Session): void {
  const org = program.command('org').description('who is in a channel, and proposals to take organizations in or out');

  org
    .command('list')
    .description("a channel's organizations, and whether their gateways answer")
    .option('--channel <channel>', "which channel; the network's own where it is left out")
    .action(async ({ channel }: { channel?: string }) => {
      const rest = await session.rest('admin');
      const at = channel ?? (await session.credentials()).channel;
      const { members } = await rest.call<{ members: Member[] }>('GET', `/admin/channels/${at}/members`);
      session.output.result(
        { ok: true, members },
        table(
          ['organization', 'part', 'anchor peers', 'orderers', 'roots', 'gateway', 'Fabric'],
          members.map((one) => [
            one.mspId,
            [...(one.application ? ['member'] : []), ...(one.ordering ? ['orders'] : [])].join(', '),
            one.anchorPeers.join(' '),
            one.ordererEndpoints.join(' '),
            String(one.roots),
            one.gateway,
            one.fabricVersion ?? 'does not say',
          ]),
        ),
      );
    });
  org
    .command('describe')
    .description('what others need of an organization to take it in: roots and addresses, nothing secret')
    .option('-o, --out <file>', 'write it to a file')
    .option('--home <directory>', "read it from an organization's directory, without any gateway")
    .option('--peers <addresses>', 'with --home: its anchor peers, host:port', idList, [])
    .option('--orderers <addresses>', 'with --home: its orderers, host:port', idList, [])
    .action(async ({ out, home, peers, orderers }: Describe) => {
      const bundle =
        home === undefined
          ? await (await session.rest('admin')).call<object>('GET', '/admin/organization')
          : await bundleIn(home, peers, orderers);
      const text = JSON.stringify(bundle, undefined, 2);
      if (out !== undefined) await writeFile(out, `${text}\n`);
      session.output.result(
        { ok: true, organization: bundle },
        out === undefined ? text : `${out} can be given to a member, who proposes it: dcloud org add ${out}`,
      );
    });
  proposalOptions(
    org.command('add <file>').description('propose to take in the organization that a file describes'),
  ).action(async (file: string, options) => {
    const bundle = addable(await readFile(file, 'utf8'), file);
    const summary = options.summary ?? `${bundle.mspId} joins`;
    await propose(session, { ...bundle, kind: 'add-organization' }, { ...options, summary });
  });
  proposalOptions(org.command('remove <msp-id>').description('propose to take an organization out')).action(
    async (mspId: string, options) => {
      await propose(
        session,
        { kind: 'remove-organization', mspId },
        { ...options, summary: options.summary ?? `${mspId} leaves` },
      );
    },
  );
}

/** What `org describe` wrote, or what `network found` wrote of an organization that joins. */
function addable(text: string, file: string) {
  const described = jsonOf(text, file) as Described;
  if (described.v === undefined) return described;
  const { mspId, roots, peers, orderers } = readBundle(text, file);
  return { mspId, roots, anchorPeers: peers, ordererEndpoints: orderers.map(({ address }) => address) };
}

async function bundleIn(directory: string, anchorPeers: readonly string[], ordererEndpoints: readonly string[]) {
  const organization = await openOrganization(directory);
  return { mspId: organization.mspId, roots: await mspRoots(organization), anchorPeers, ordererEndpoints };
}
