/** Steps of the stories about stored versions: what their owner is told, and what happens to bytes on a storage node's disk. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RestClient, watchRepair } from '@d-cloud/gateway/cli';
import type { Network, OrganizationName } from './network.ts';
import { sha256, silent } from './stories.ts';

type Counts = Record<'ok' | 'missing' | 'corrupt' | 'offline' | 'slow', number>;
export type StorageView = {
  readonly state: 'stored' | 'degraded' | 'at-risk' | 'lost';
  readonly k: number;
  readonly n: number;
  readonly intact: number;
  readonly blocksPerFragment: number;
  readonly stuck: readonly string[];
  readonly sharing: readonly string[];
  readonly fragments: readonly {
    readonly slot: number;
    readonly storageNode: string;
    readonly organization: string;
    readonly moved: boolean;
    readonly found?: Counts & { readonly at: string };
  }[];
  readonly reconstruction: {
    readonly mostByOne: number;
    readonly anyAlone: boolean;
    readonly anyMayLeave: boolean;
    readonly together: readonly (readonly string[])[];
  };
  readonly audits: readonly {
    readonly id: string;
    readonly kind: 'audit' | 'repair';
    readonly nodes: readonly (Counts & { readonly node: string; readonly repaired: number })[];
    readonly ledger: { readonly transaction: string };
  }[];
};

export const storageOf = (rest: RestClient, version: string) =>
  rest.call<StorageView>('GET', `/versions/${version}/storage`);
export const audit = (rest: RestClient, version: string) =>
  rest.call<StorageView>('POST', `/versions/${version}/audit`);
/** Has a version repaired and waits until there is no more to do; gives how it is stored then, and what came of the repair. */
export async function repair(rest: RestClient, version: string): Promise<StorageView & { readonly repaired: number }> {
  const { state, put, stuck } = await watchRepair(rest, silent, version);
  if (state !== 'done') throw new Error(`the repair ${state}: ${stuck.join(' ')}`);
  return { ...(await storageOf(rest, version)), repaired: put, stuck };
}

/** The files of a storage node's blocks, by path, with their bytes. */
export async function blockFiles(network: Network, storageNode: string): Promise<Map<string, Buffer>> {
  const organization = network.description.organizations.find(({ storageNodes }) =>
    storageNodes.some(({ id }) => id === storageNode),
  )!;
  const home = join(network.layout.ofOrganization(organization.name).storageNode(storageNode), 'blocks', 'blocks');
  const names = await readdir(home, { recursive: true });
  const files = names.filter((name) => name.endsWith('.data')).map((name) => join(home, name));
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)));
}

/** The same files by path, as digests: what tests compare. */
export function digestsOf(files: ReadonlyMap<string, Buffer>): Map<string, string> {
  return new Map([...files].sort().map(([file, bytes]) => [file, sha256(bytes)]));
}

/** Turns one byte round in each of these files; which one differs from file to file. */
export async function flipBytes(files: ReadonlyMap<string, Buffer>): Promise<void> {
  let at = 0;
  for (const [file, bytes] of files) {
    const flipped = Buffer.from(bytes);
    flipped[at++ % flipped.length]! ^= 1 << (at % 8);
    await writeFile(file, flipped);
  }
}

export async function removeFiles(files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const file of files.keys()) await rm(file);
}

/** Restarts an organization's gateway with other settings of custody. */
export async function configureCustody(
  network: Network,
  organization: OrganizationName,
  custody: Readonly<Record<string, number>>,
): Promise<void> {
  await network.hold(`gateway-${organization}`);
  const file = network.layout.ofOrganization(organization).gatewayConfig;
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), custody }));
  await network.release(`gateway-${organization}`);
}

/** Makes an organization's storage nodes misbehave; its store is started with the fault switch when it is not yet. */
export async function setFault(network: Network, organization: OrganizationName, query: string): Promise<void> {
  const home = network.layout.ofOrganization(organization);
  const config = JSON.parse(await readFile(home.storageConfig, 'utf8'));
  if (config.faults !== true) {
    await network.hold(`storage-${organization}`);
    await writeFile(home.storageConfig, JSON.stringify({ ...config, faults: true }));
    await network.release(`storage-${organization}`);
  }
  for (const { port, token } of config.nodes) {
    const response = await fetch(`http://127.0.0.1:${port}/api/v0/fault?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(`the fault switch answered ${response.status}`);
  }
}
