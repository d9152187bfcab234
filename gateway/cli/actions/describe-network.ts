import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  acceptBundle,
  type Explanation,
  explainPlan,
  fabricOf,
  foundAlone,
  foundNetwork,
  keepDescription,
  layoutOf,
  planDirectory,
  readBundle,
  readDescription,
  readState,
  readWanted,
  renewEnding,
  stopSupervisor,
  type WantedNetwork,
  wantedByDefault,
} from '../../supervisor/index.ts';
import type { Output } from '../output.ts';
import { table } from '../output.ts';

/** Which network, and whose machine this is; without a file the usual network is meant. */
export type NetworkWish = { readonly file: string | undefined; readonly organization: string | undefined };

async function wantedIn(file: string | undefined): Promise<WantedNetwork> {
  if (file === undefined) return wantedByDefault();
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT')
      throw new Error(`There is no file ${file}: see docs/guides/networks.md for one to start from.`);
    throw cause;
  });
  const wanted = readWanted(text, file);
  if (wanted.binaries === undefined) return wanted;
  return { ...wanted, binaries: resolve(dirname(file), wanted.binaries) };
}

async function planOf(directory: string, { file, organization }: NetworkWish) {
  const home = resolve(directory);
  const wanted = await wantedIn(file);
  return { home, ...(await planDirectory(home, { wanted, only: organization })) };
}

/** `dcloud network plan`: everything that `up` would do; nothing is written. */
export async function planNetwork(directory: string, wish: NetworkWish): Promise<Explanation> {
  const { home, planned, known } = await planOf(directory, wish);
  return explainPlan(home, planned, known);
}

/**
 * Makes a directory hold the network of a description file: founds it, or adds to it what the file has more. A running
 * network with something to add is stopped, to be started with it. With a `genesis` hash a channel that begins otherwise is refused.
 */
export async function describeNetwork(
  output: Output,
  directory: string,
  { genesis, ...wish }: NetworkWish & { readonly genesis?: string | undefined },
): Promise<void> {
  const { home, planned, known } = await planOf(directory, wish);
  if (planned.ledger.kind === 'fabric') await fabricOf(planned, process.env.PATH ?? '');
  if (JSON.stringify(planned) !== JSON.stringify(known)) {
    if ((await readState(home))?.phase === 'ready') {
      output.say('   The network runs, and the file adds to it: it is stopped and started again …');
      await stopSupervisor(home);
    }
    await keepDescription(home, planned);
    for (const addition of explainPlan(home, planned, known).additions) output.say(`   new: ${addition}`);
  }
  if (planned.others.length === 0) return;
  const { consortium } = await foundNetwork(home, new Date(), genesis);
  output.say(`   First block of ${planned.channel}: ${consortium.genesisHash}. Every machine must show the same.`);
}

/** `dcloud network found`: makes one organization's keys on its own machine, and the file that it shows to the others. */
export async function foundOrganization(directory: string, wish: NetworkWish & { readonly organization: string }) {
  const { home, planned } = await planOf(directory, wish);
  const { generation } = await fabricOf(planned, process.env.PATH ?? '');
  await keepDescription(home, planned);
  const fabric = generation === '3' ? '3.1' : generation;
  const bundle = await foundAlone(home, planned, { now: new Date(), fabric });
  return { organization: wish.organization, bundle, others: planned.others.map(({ name }) => name) };
}

/** `dcloud network meet`: keeps what other organizations showed. Answers who is known now, and who is not yet. */
export async function meetOrganizations(directory: string, files: readonly string[]) {
  const home = resolve(directory);
  const description = await readDescription(home);
  if (description === undefined)
    throw new Error(
      `There is no organization in ${home} yet: begin with dcloud network found --organization <name> <file>.`,
    );
  const layout = layoutOf(home);
  for (const file of files) await acceptBundle(home, await bundleIn(file), description);
  const places = [
    ...description.organizations.map(({ name }) => ({ name, file: layout.bundle(name) })),
    ...description.others.map(({ name }) => ({ name, file: layout.othersBundle(name) })),
  ];
  const known = places.filter(({ file }) => existsSync(file));
  const met = known.map(({ name }) => name);
  const versions = new Map<string, string>();
  for (const { name, file } of known) versions.set(name, (await bundleIn(file)).fabric);
  const missing = description.others.map(({ name }) => name).filter((name) => !met.includes(name));
  return { met, missing, warnings: mixed(versions) };
}

async function bundleIn(file: string) {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${file} cannot be read: ask its organization for the .public.json file of dcloud network found.`, {
      cause,
    });
  });
  return readBundle(text, file);
}

/** Peers of different versions work together while the channel asks for nothing newer than the oldest knows. */
function mixed(versions: ReadonlyMap<string, string>): string[] {
  if (new Set(versions.values()).size < 2) return [];
  const told = [...versions].map(([name, version]) => `${name} runs ${version}`).join(', ');
  return [
    `Fabric differs between the organizations (${told}): the channel stays with what the oldest knows, and bft is not possible.`,
  ];
}

/** `dcloud network renew`: certificates that end soon are issued again for the same keys, on the machine that holds the authorities. */
export async function renewCertificates(directory: string, withinDays: number): Promise<string[]> {
  const home = resolve(directory);
  const description = await readDescription(home);
  if (description === undefined) throw new Error(`There is no network in ${home}.`);
  return renewEnding(home, description, { now: new Date(), withinDays });
}

/** An explanation for a person to read. */
export function planText(told: Explanation): string {
  const { consensus, batch, policies } = told.settings;
  const list = (lines: readonly string[]) => lines.map((line) => `  - ${line}`).join('\n');
  const parts = [
    `${told.network} network in ${told.directory}, channel ${told.channel}: ${consensus}, blocks after ${batch.timeout} or ${batch.maxMessageCount} transactions, endorsed by ${policies.Endorsement}, changed by ${policies.Admins}`,
    table(
      ['organization', 'MSP id', 'host', 'identities'],
      told.organizations.map(({ name, mspId, host, identities }) => [name, mspId, host, identities.join(' ')]),
    ),
    ...(told.others.length > 0 ? [`On machines of their own: ${told.others.join(', ')}`] : []),
    table(
      ['program', 'listens', 'what it is'],
      told.programs.map(({ name, what, listens }) => [name, listensText(listens), what]),
    ),
    `Directories:\n${list(told.directories)}`,
    `Steps:\n${told.steps.map((step, at) => `  ${at + 1}. ${step}`).join('\n')}`,
    ...(told.additions.length > 0 ? [`New in the network that is there:\n${list(told.additions)}`] : []),
    told.promisesNotKept.length > 0
      ? `What it cannot promise:\n${list(told.promisesNotKept)}`
      : 'It can keep every promise.',
  ];
  return parts.join('\n\n');
}

/** Addresses in one line, each host named once: `127.0.0.1:7410 :7411 :7412`. */
function listensText(listens: readonly string[]): string {
  const hostOf = (address: string | undefined) => address?.slice(0, address.lastIndexOf(':'));
  const told = listens.map((address, at) =>
    hostOf(address) === hostOf(listens[at - 1]) ? address.slice(address.lastIndexOf(':')) : address,
  );
  return told.join(' ') || '–';
}
