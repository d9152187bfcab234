import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Network } from './network.ts';

/** All blocks that lie on the storage nodes of the whole network now: `<storage node>/<file name>` to the file's path. */
export async function storedBlocks(network: Network): Promise<Map<string, string>> {
  const blocks = new Map<string, string>();
  for (const { name, storageNodes } of network.description.organizations) {
    for (const { id } of storageNodes) {
      // Embedded nodes have them in a folder of their own, Kubo in its repository.
      const directory = network.layout.ofOrganization(name).storageNode(id);
      for (const file of await readdir(directory, { recursive: true }).catch(() => [])) {
        if (file.endsWith('.data')) blocks.set(`${id}/${file.split('/').at(-1)}`, join(directory, file));
      }
    }
  }
  return blocks;
}
