import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { powersText } from '../actions/change-text.ts';
import { table } from '../output.ts';
import { idList } from '../parse-option.ts';
import type { Session } from '../session.ts';
import type { PolicyImpact } from '../views.ts';
import { addChangeCommands } from './channel-changes.ts';
import { addProposeCommands } from './channel-propose.ts';

type ChannelState = {
  readonly channel: string;
  readonly peer: boolean;
  readonly orderer?: { readonly consensusRelation: string; readonly status: string; readonly height: number };
  readonly sequence?: number;
  readonly members?: readonly string[];
};

/** Adds `channel list|show|blockers|open|join|orderer|propose|change`. */
export function addChannelCommands(program: Command, session: Session): void {
  const channel = program.command('channel').description("the consortium's channels and changes of them, for admins");
  const named = async (name: string | undefined) => name ?? (await session.credentials()).channel;
  const admin = () => session.rest('admin');

  channel
    .command('list')
    .description("the channels that the organization's own peers and orderer take part in")
    .action(async () => {
      const { channels } = await (await admin()).call<{ channels: ChannelState[] }>('GET', '/admin/channels');
      session.output.result(
        { ok: true, channels },
        table(
          ['channel', 'peers', 'orderer', 'configuration', 'members'],
          channels.map((one) => [
            one.channel,
            one.peer ? 'joined' : '–',
            one.orderer === undefined ? '–' : `${one.orderer.consensusRelation}, ${one.orderer.status}`,
            String(one.sequence ?? '–'),
            (one.members ?? []).join(' '),
          ]),
        ),
      );
    });
  channel
    .command('show [channel]')
    .description('the configuration in force as readable JSON')
    .option('--block <file>', 'write the config block itself to a file: to join with, or to sign changes offline')
    .action(async (name: string | undefined, { block: file }: { block?: string }) => {
      const path = `/admin/channels/${await named(name)}`;
      if (file !== undefined) {
        const { block } = await (await admin()).call<{ block: string }>('GET', `${path}/config-block`);
        await writeFile(file, Buffer.from(block, 'base64'));
        session.output.result({ ok: true, file }, `${file} holds the newest config block`);
        return;
      }
      const config = await (await admin()).call('GET', path);
      session.output.result({ ok: true, channel: config }, JSON.stringify(config, undefined, 2));
    });
  channel
    .command('blockers [channel]')
    .description('for each policy: the smallest groups of organizations that can approve, and that can block')
    .option('--change <id>', 'show it after this change too')
    .option('--all', "show the policies inside each organization too, not only everybody's", false)
    .action(async (name: string | undefined, { change, all }: { change?: string; all: boolean }) => {
      const query = change === undefined ? '' : `?change=${change}`;
      const { policies } = await (await admin()).call<{ policies: PolicyImpact[] }>(
        'GET',
        `/admin/channels/${await named(name)}/powers${query}`,
      );
      const shown = all ? policies : policies.filter(({ path }) => path.split('/').length <= 4);
      session.output.result({ ok: true, policies }, powersText(shown));
    });
  channel
    .command('open <channel>')
    .description('make the first block of a new channel for members of one that exists, and join it')
    .requiredOption('--members <msp-ids>', 'whose it is, separated by commas', idList)
    .requiredOption('-o, --out <file>', 'where the first block goes: the other members join with it')
    .option('--from <channel>', 'the channel that knows their roots and addresses')
    .action(async (name: string, options: { members: string[]; out: string; from?: string }) => {
      const body = { channel: name, from: await named(options.from), members: options.members };
      const { block } = await (await admin()).call<{ block: string }>('POST', '/admin/channels', { body });
      await writeFile(options.out, Buffer.from(block, 'base64'));
      session.output.result(
        { ok: true, channel: name, file: options.out },
        `${name} is open here. The other members join it: dcloud channel join ${options.out}`,
      );
    });
  channel
    .command('join <block-file>')
    .description('let the own orderer and peers join a channel by its first block, or its newest config block')
    .action(async (file: string) => {
      const body = { block: (await readFile(file)).toString('base64') };
      const joined = await (await admin()).call<{ channel: string }>('POST', '/admin/channels/join', { body });
      session.output.result({ ok: true, ...joined }, `${joined.channel} is joined`);
    });
  channel
    .command('orderer <join|leave> [channel]')
    .description('let the own orderer follow a channel, or take it out where it is no consenter any more')
    .action(async (verb: string, name: string | undefined) => {
      if (verb !== 'join' && verb !== 'leave') throw new Error('Say orderer join or orderer leave.');
      const at = await named(name);
      const state = await (await admin()).call('POST', `/admin/channels/${at}/orderer/${verb}`);
      session.output.result(
        { ok: true, orderer: state ?? null },
        verb === 'join'
          ? `The own orderer follows ${at}. To count it needs: dcloud channel propose add-consenter`
          : `The own orderer takes no part in ${at} any more.`,
      );
    });
  addProposeCommands(channel, session);
  addChangeCommands(channel, session);
}
