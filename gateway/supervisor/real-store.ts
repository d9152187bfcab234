import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { delimiter, join } from 'node:path';
import { findIpfs, kuboProgram, peerIdIn } from '@d-cloud/network/processes/kubo';
import type { NativeProgram } from '@d-cloud/network/processes/program';
import type { NetworkDescription } from './description.ts';
import { layoutOf } from './layout.ts';
import { isLoopback } from './plan.ts';

/** Founds a Kubo node, private unless the description says otherwise, for every storage node: `storage-<organization>-<1, 2, …>`. @throws Fault when `ipfs` is not there */
export async function realStore(
  directory: string,
  { store, organizations }: NetworkDescription,
  searchPath: string,
): Promise<NativeProgram[]> {
  const { binaries: place } = store;
  // A folder with a release of Fabric in it seldom holds Kubo too.
  const binary = await findIpfs({ searchPath: place === undefined ? searchPath : `${place}${delimiter}${searchPath}` });
  const nodes = organizations.flatMap(({ name, host, listen, storageNodes }) =>
    storageNodes.map(({ id, port, capacityBytes, swarmPort }, at) => {
      const home = layoutOf(directory).ofOrganization(name).storageNode(id);
      const publicSwarm = store.publicSwarm && {
        bootstrap: store.publicSwarm.bootstrap,
        listen: [`/ip4/${listen === 'localhost' ? '127.0.0.1' : listen}/tcp/${swarmPort ?? 0}`],
        // A machine behind a router does not know the name under which the others reach it.
        announce: isLoopback(host) ? [] : [reachedAt(host, swarmPort ?? 0)],
      };
      return { name: `storage-${name}-${at + 1}`, id, port, home, capacityBytes: Number(capacityBytes), publicSwarm };
    }),
  );
  const programs: NativeProgram[] = [];
  for (const { name, home, ...node } of nodes) {
    const token = (await readFile(join(home, 'rpc-token'), 'utf8')).trim();
    programs.push(await kuboProgram(name, { ...node, binary, directory: join(home, 'kubo'), token }));
  }
  return programs;
}

const reachedAt = (host: string, port: number) => `/${isIP(host) === 4 ? 'ip4' : 'dns4'}/${host}/tcp/${port}`;

/** A storage node on the public IPFS network, and the multiaddress at which others reach it. */
export type PublicNode = { readonly storageNode: string; readonly address: string };

/** Those of a directory's storage nodes that serve anyone, where they have been founded. */
export async function publicNodes(
  directory: string,
  { store, organizations }: NetworkDescription,
): Promise<PublicNode[]> {
  if (store.publicSwarm === undefined) return [];
  const nodes = organizations.flatMap(({ name, host, storageNodes }) =>
    storageNodes.map(async ({ id, swarmPort }) => {
      const peerId = await peerIdIn(join(layoutOf(directory).ofOrganization(name).storageNode(id), 'kubo'));
      if (peerId === undefined || swarmPort === undefined) return [];
      const place = reachedAt(host === 'localhost' ? '127.0.0.1' : host, swarmPort);
      return [{ storageNode: id, address: `${place}/p2p/${peerId}` }];
    }),
  );
  return (await Promise.all(nodes)).flat();
}
