import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { holdProcess, type NetworkKind, releaseProcess } from '../../supervisor/index.ts';
import { down, status, up, welcomeWithKeys } from '../actions/network.ts';
import { demo } from '../demo/demo.ts';
import { table } from '../output.ts';
import type { Session } from '../session.ts';

type NetworkOptions = { readonly directory: string };

type UpOptions = { readonly network?: 'embedded' | 'real'; readonly binaries?: string };

function kindOf({ network, binaries }: UpOptions): NetworkKind | undefined {
  if (network !== 'real') return network && { kind: network };
  return { kind: 'real', ...(binaries === undefined ? {} : { binaries: resolve(binaries) }) };
}

/** Adds `up`, `down`, `status`, `hold`, `release`, `demo`. */
export function addNetworkCommands(program: Command, session: Session, options: () => NetworkOptions): void {
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
    .action(async (wish: UpOptions) => {
      const { directory } = options();
      const credentials = await up(session.output, directory, kindOf(wish));
      const { channel, genesis, organizations } = credentials;
      session.output.result({ ok: true, channel, genesis, organizations }, welcomeWithKeys(credentials, directory));
    });
  program
    .command('down')
    .description('stop the network; its data stays')
    .action(async () => {
      const stopped = await down(session.output, options().directory);
      session.output.result({ ok: true, stopped }, '');
    });
  program
    .command('status')
    .description('say what runs')
    .action(async () => {
      const state = await status(options().directory);
      const rows = state.processes.map(({ name, state: is, pid, restarts }) => [
        name,
        is,
        String(pid ?? ''),
        String(restarts),
      ]);
      session.output.result(
        state,
        `${state.phase}: ${state.step}\n${table(['process', 'state', 'pid', 'restarts'], rows)}`,
      );
      if (state.phase !== 'ready') process.exitCode = 1;
    });
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
}
