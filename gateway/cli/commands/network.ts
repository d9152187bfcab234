import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { holdProcess, type NetworkKind, releaseProcess, wantedSchema } from '../../supervisor/index.ts';
import { buildIpfs } from '../actions/build-ipfs.ts';
import {
  describeNetwork,
  foundOrganization,
  meetOrganizations,
  planNetwork,
  planText,
  renewCertificates,
} from '../actions/describe-network.ts';
import { down, status, statusText, up, welcomeWithKeys } from '../actions/network.ts';
import { demo } from '../demo/demo.ts';
import { wholeNumber } from '../parse-option.ts';
import type { Session } from '../session.ts';

type NetworkOptions = { readonly directory: string };

type UpOptions = {
  readonly network?: 'embedded' | 'real';
  readonly binaries?: string;
  readonly ipfs?: 'private' | 'public';
};
type DescribedOptions = { readonly organization?: string; readonly genesis?: string };

function kindOf({ network, binaries, ipfs }: UpOptions): NetworkKind {
  return {
    ...(network !== undefined && { kind: network }),
    ...(binaries !== undefined && { binaries: resolve(binaries) }),
    ...(ipfs !== undefined && { ipfs }),
  };
}

/** Adds `up`, `down`, `status`, `hold`, `release`, `demo`, and `network` for networks that a file describes. */
export function addNetworkCommands(program: Command, session: Session, options: () => NetworkOptions): void {
  const start = async (kind?: NetworkKind) => {
    const { directory } = options();
    const credentials = await up(session.output, directory, kind);
    const { channel, genesis, organizations } = credentials;
    session.output.result({ ok: true, channel, genesis, organizations }, welcomeWithKeys(credentials, directory));
  };
  const stop = async () => {
    const stopped = await down(session.output, options().directory);
    session.output.result({ ok: true, stopped }, '');
  };
  const tell = async () => {
    const state = await status(options().directory);
    session.output.result(state, statusText(state));
    if (state.phase !== 'ready') process.exitCode = 1;
  };
  program
    .command('up')
    .description('start the network of three organizations on this machine and leave it running')
    .addOption(
      new Option('--network <kind>', 'our own ledger and stores, or real Fabric and Kubo').choices([
        'embedded',
        'real',
      ]),
    )
    .option('--binaries <directory>', 'where peer, orderer and ipfs are, if not on PATH')
    .addOption(
      new Option('--ipfs <mode>', 'public: Kubo nodes that serve anyone; docs/guides/public-ipfs.md first').choices([
        'private',
        'public',
      ]),
    )
    .action((wish: UpOptions) => start(kindOf(wish)));
  program.command('down').description('stop the network; its data stays').action(stop);
  program.command('status').description('say what runs, and what needs care').action(tell);
  program
    .command('hold <process>')
    .description('kill one process and keep it down, for drills')
    .action(async (name: string) => {
      await holdProcess(resolve(options().directory), name);
      session.output.result({ ok: true, held: name }, `${name} is down until: dcloud release ${name}`);
    });
  program
    .command('release <process>')
    .description('let a held process start again')
    .action(async (name: string) => {
      await releaseProcess(resolve(options().directory), name);
      session.output.result({ ok: true, released: name }, `${name} starts again; see: dcloud status`);
    });
  program
    .command('demo')
    .description('play the whole story on real data in a network of its own')
    .option('--keep', 'leave the network running', false)
    .action(async ({ keep }: { keep: boolean }) => {
      const given = program.opts<{ directory?: string }>().directory;
      const summary = await demo(session.output, { directory: given ?? '.dcloud-demo', keep });
      session.output.result(summary, '');
      if (!summary.ok) process.exitCode = 1;
    });

  const network = program
    .command('network')
    .description('a network that a file describes, on one machine or many (docs/guides/networks.md)');
  const whose = () =>
    new Option('--organization <name>', 'the one whose machine this is; left out, all of them run here');
  network
    .command('schema')
    .description('print the JSON Schema of the file')
    .action(() => {
      const schema = wantedSchema();
      session.output.result(schema, JSON.stringify(schema, undefined, 2));
    });
  network
    .command('plan [file]')
    .description('say everything that up would do, and do nothing')
    .addOption(whose())
    .action(async (file: string | undefined, { organization }: DescribedOptions) => {
      const told = await planNetwork(options().directory, { file, organization });
      session.output.result(told, planText(told));
    });
  network
    .command('found <file>')
    .description("make one organization's keys on its own machine, and the public file for the others")
    .requiredOption('--organization <name>', 'the organization')
    .action(async (file: string, { organization }: { organization: string }) => {
      const founded = await foundOrganization(options().directory, { file, organization });
      session.output.result(
        { ok: true, ...founded },
        founded.others.length === 0
          ? `Give ${founded.bundle} to a member of the channel, who proposes it: dcloud org add; it holds nothing secret.`
          : `Give ${founded.bundle} to ${founded.others.join(' and ')}; it holds nothing secret. With theirs: dcloud network meet <their files>`,
      );
    });
  network
    .command('meet <files...>')
    .description('take the public files of the other organizations')
    .action(async (files: string[]) => {
      const { met, missing, warnings } = await meetOrganizations(options().directory, files);
      for (const warning of warnings) session.output.say(warning);
      const next = missing.length > 0 ? `Still missing: ${missing.join(', ')}.` : 'All are known: dcloud network up.';
      session.output.result({ ok: true, met, missing, warnings }, `Known: ${met.join(', ')}. ${next}`);
    });
  network
    .command('up [file]')
    .description('start the network as the file describes it; what the file has more is added')
    .addOption(whose())
    .option('--genesis <hash>', 'refuse a channel whose first block has another hash')
    .action(async (file: string | undefined, { organization, genesis }: DescribedOptions) => {
      if (file !== undefined)
        await describeNetwork(session.output, options().directory, { file, organization, genesis });
      else if (organization !== undefined || genesis !== undefined)
        throw new Error(
          '--organization and --genesis belong to a description: dcloud network up <file> --organization <name>',
        );
      await start();
    });
  network.command('down').description('stop the network; its data stays').action(stop);
  network.command('status').description('say what runs, and what needs care').action(tell);
  network
    .command('renew')
    .description('issue certificates that end soon again for the same keys, also while nothing runs')
    .option('--within <days>', 'those that end within so many days', wholeNumber, 30)
    .action(async ({ within }: { within: number }) => {
      const renewed = await renewCertificates(options().directory, within);
      const text =
        renewed.length === 0
          ? `No certificate ends within ${within} days.`
          : `Renewed: ${renewed.join(', ')}. Programs show them from their next start on: dcloud down, dcloud up.`;
      session.output.result({ ok: true, renewed }, text);
    });
  network
    .command('build-ipfs')
    .description('build Kubo with the Go toolchain from its published module at the pinned version')
    .requiredOption('--into <directory>', 'where the program goes; name it as "binaries", or put it on PATH')
    .action(async ({ into }: { into: string }) => {
      session.output.say('   Go fetches and builds Kubo: about ten minutes on one core …');
      const { path, version } = await buildIpfs(into);
      session.output.result({ ok: true, path, version }, `${path} is Kubo ${version}.`);
    });
}
