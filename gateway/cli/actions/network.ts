import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  descriptionOf,
  layoutOf,
  type NetworkKind,
  networkHealth,
  readDescription,
  readState,
  startSupervisor,
  stopSupervisor,
} from '../../supervisor/index.ts';
import { type Credentials, credentialsFile, readCredentials } from '../credentials.ts';
import { type Output, table } from '../output.ts';
import { stuckStorageNodes } from './stuck-storage-nodes.ts';

const startWithinMs = 120_000;
/** Other machines are started by other people. */
const othersWithinMs = 24 * 60 * 60_000;

/**
 * `dcloud up`: starts a network to stay and says where everything is. A directory's network stays of the kind it was first
 * started as; without one given, that is the embedded one.
 */
export async function up(output: Output, directory: string, kind?: NetworkKind): Promise<Credentials> {
  const home = resolve(directory);
  const startedAt = performance.now();
  if (kind !== undefined) await descriptionOf(home, undefined, kind);
  const others = (await readDescription(home))?.others ?? [];
  if (others.length > 0)
    output.say(
      '   Where others are waited for, this command may be left with Ctrl-C: the start goes on, and dcloud status tells of it.',
    );
  await startSupervisor(home, {
    onStep: (step) => output.say(`   ${step} …`),
    withinMs: others.length > 0 ? othersWithinMs : startWithinMs,
  });
  const credentials = await readCredentials(home);
  output.say(`   The network serves (${((performance.now() - startedAt) / 1000).toFixed(1)} s).`);
  return credentials;
}

/** The addresses and roles of a network, and what to type first. */
export function welcome({ organizations }: Credentials, directory: string): string {
  const rows = Object.entries(organizations).map(([name, { mspId, rest, keys }]) => [
    name,
    mspId,
    rest,
    Object.keys(keys).join(', '),
  ]);
  return [
    table(['organization', 'MSP id', 'REST', 'roles'], rows),
    '',
    `API keys: ${credentialsFile(directory)} (only you can read it)`,
    'Try:      dcloud publish <folder> --as alder --title "My documents"',
    'See:      dcloud status, dcloud --help, README.md "First five minutes"',
    'Stop it:  dcloud down (its data stays)',
    ...recoveryNotice(directory, Object.keys(organizations)),
  ].join('\n');
}

/** A recovery key opens everything that its organization keeps on the ledger, so its place is not beside the gateway. */
function recoveryNotice(directory: string, organizations: readonly string[]): readonly string[] {
  const layout = layoutOf(resolve(directory));
  const here = organizations.map((name) => layout.ofOrganization(name).recoveryKey).filter((file) => existsSync(file));
  if (here.length === 0) return [];
  return [
    '',
    'Recovery keys, to be taken off this machine and kept offline: without one, a lost gateway disk needs a backup.',
    ...here.map((file) => `  ${file}`),
  ];
}

/** {@link welcome} with the API key of each role: for the terminal of the person who started the network, not for a log. */
export function welcomeWithKeys(credentials: Credentials, directory: string): string {
  const rows = Object.entries(credentials.organizations).flatMap(([name, { keys }]) =>
    Object.entries(keys).map(([role, key]) => [name, role, key]),
  );
  return `${table(['organization', 'role', 'API key'], rows)}\n\n${welcome(credentials, directory)}`;
}

/** `dcloud down`. Answers whether something ran. */
export async function down(output: Output, directory: string): Promise<boolean> {
  const stopped = await stopSupervisor(resolve(directory));
  output.say(stopped ? 'Stopped. The data stays; `dcloud up` goes on with it.' : 'Nothing was running.');
  return stopped;
}

/** `dcloud status`: what runs, and what an operator should look after. */
export async function status(directory: string) {
  const home = resolve(directory);
  const state = await readState(home);
  const health = await networkHealth(home, state, new Date());
  const stuck = state?.phase === 'ready' ? await stuckStorageNodes(home) : [];
  const absent = { phase: 'absent' as const, step: await whyAbsent(home), processes: [] };
  const { warnings = [], promisesNotKept = [], publicNodes = [], certificates = [] } = health ?? {};
  return { ...(state ?? absent), promisesNotKept, publicNodes, certificates, warnings: [...warnings, ...stuck] };
}

async function whyAbsent(home: string): Promise<string> {
  return (await readDescription(home)) === undefined
    ? `there is no network in ${home}; dcloud up starts one`
    : 'the network here does not run; dcloud up starts it';
}

/** A status for a person to read. */
export function statusText(told: Awaited<ReturnType<typeof status>>) {
  const { phase, step, processes, warnings, promisesNotKept, publicNodes } = told;
  const rows = processes.map(({ name, state, pid, restarts }) => [name, state, String(pid ?? ''), String(restarts)]);
  return [
    `${phase}: ${step}`,
    ...warnings.map((warning) => `! ${warning}`),
    ...promisesNotKept.map((promise) => `  ${promise}`),
    ...(rows.length === 0 || phase === 'stopped' ? [] : [table(['process', 'state', 'pid', 'restarts'], rows)]),
    ...(publicNodes.length === 0 ? [] : ['', 'On the public IPFS network:']),
    ...publicNodes.map(({ storageNode, address }) => `  ${storageNode} ${address}`),
  ].join('\n');
}
