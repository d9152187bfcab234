import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { idFrom } from '@d-cloud/chaincode/domain';
import { writeWhole } from '@d-cloud/network/admin';
import { kindOf, type NetworkDescription, type NetworkKind, parseDescription, portsOf } from './description.ts';
import { layoutOf } from './layout.ts';
import { planNetwork, portsNeeded } from './plan.ts';
import { freePorts } from './ports.ts';
import { type WantedNetwork, wantedNetwork } from './wanted.ts';

/**
 * The first port that is tried for a new network; the others follow it. Each directory has a place of its own below the ports that
 * systems give to connections (32768 on Linux): networks founded at the same moment would find the same ports free.
 */
export function preferredPort(directory: string): number {
  return 7410 + 32 * (createHash('sha256').update(directory).digest().readUInt16BE() % 512);
}

/** What `network.json` says, or nothing where there is no network. Refuses a file it cannot read, and what is left of a network that lost its file. */
export async function readDescription(directory: string): Promise<NetworkDescription | undefined> {
  const layout = layoutOf(directory);
  const text = await readFile(layout.description, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    const left = await readdir(layout.organizations).catch(() => []);
    if (left.length === 0) return undefined;
    throw new Error(
      `${layout.description} is missing beside organizations that have keys and data: bring it back from a backup, or move ${directory} away to start anew.`,
    );
  }
  const described = parseDescription(text);
  if (described) return described;
  throw new Error(
    `${layout.description} is not a network description this version can read. Move ${directory} away and start again.`,
  );
}

export type PlanWish = {
  readonly wanted: WantedNetwork;
  /** The organization whose machine this is. */
  readonly only?: string | undefined;
  readonly preferred?: number;
};

export type Planned = {
  readonly planned: NetworkDescription;
  /** What the directory held before. */
  readonly known: NetworkDescription | undefined;
};

/** Plans a directory's network from what is wanted and what it holds; looks for free ports, and writes nothing. */
export async function planDirectory(directory: string, { wanted, only, preferred }: PlanWish): Promise<Planned> {
  const known = await readDescription(directory);
  const taken = new Set(known === undefined ? [] : portsOf(known).map(({ port }) => port));
  const count = portsNeeded(wanted) + taken.size;
  const ports = (await freePorts(count, preferred ?? preferredPort(directory))).filter((port) => !taken.has(port));
  const draw = { ports, mintId: (kind: 'stor' | 'comp') => idFrom(kind, randomBytes(16)) };
  return { planned: planNetwork({ wanted, known, only, draw }), known };
}

/** Keeps a plan as what the directory's programs are started from. */
export async function keepDescription(directory: string, description: NetworkDescription): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeWhole(layoutOf(directory).description, JSON.stringify(description, null, 2), 'secret');
}

/** What a network is when nobody describes one. */
export function wantedByDefault(kind: NetworkKind = {}): WantedNetwork {
  const { kind: network = 'embedded', binaries, ipfs: mode } = kind;
  const elsewhere = network === 'real' || mode === 'public' ? { binaries } : {};
  return wantedNetwork.parse({ network, ...elsewhere, ...(mode !== undefined && { ipfs: { mode } }) });
}

/** The description that `network.json` keeps; in an empty directory that of the usual network, on free ports from the preferred one upwards, is written. */
export async function descriptionOf(
  directory: string,
  preferred = preferredPort(directory),
  kind?: NetworkKind,
): Promise<NetworkDescription> {
  const known = await readDescription(directory);
  if (known === undefined) {
    const { planned } = await planDirectory(directory, { wanted: wantedByDefault(kind), preferred });
    await keepDescription(directory, planned);
    return planned;
  }
  const mode = known.store.publicSwarm === undefined ? 'private' : 'public';
  if (kind?.ipfs !== undefined && kind.ipfs !== mode)
    throw new Error(
      `Storage in ${directory} is ${mode}: what it is to be is changed in the network's file ("ipfs") and by dcloud network up (docs/guides/public-ipfs.md).`,
    );
  if (kind?.kind === undefined || kind.kind === kindOf(known)) return known;
  throw new Error(
    `The network in ${directory} is ${kindOf(known)} and stays so: choose another --directory for the other kind.`,
  );
}
