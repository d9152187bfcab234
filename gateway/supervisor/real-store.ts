import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findIpfs, kuboProgram } from '@d-cloud/network/processes/kubo';
import type { NativeProgram } from '@d-cloud/network/processes/program';
import type { NetworkDescription } from './description.ts';
import { layoutOf } from './layout.ts';

/** Founds a private Kubo node for every storage node: `storage-<organization>-<1, 2, …>`. @throws Fault when `ipfs` is not there */
export async function realStore(
  directory: string,
  { store, organizations }: NetworkDescription,
  searchPath: string,
): Promise<NativeProgram[]> {
  const { binaries: place } = store;
  const binary = await findIpfs({ searchPath, ...(place === undefined ? {} : { directory: place }) });
  const nodes = organizations.flatMap(({ name, storageNodes }) =>
    storageNodes.map(({ id, port, capacityBytes }, at) => {
      const home = layoutOf(directory).ofOrganization(name).storageNode(id);
      return { name: `storage-${name}-${at + 1}`, id, port, home, capacityBytes: Number(capacityBytes) };
    }),
  );
  const programs: NativeProgram[] = [];
  for (const { name, id, port, home, capacityBytes } of nodes) {
    const token = (await readFile(join(home, 'rpc-token'), 'utf8')).trim();
    programs.push(await kuboProgram(name, { id, binary, directory: join(home, 'kubo'), port, token, capacityBytes }));
  }
  return programs;
}
