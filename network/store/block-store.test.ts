import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { base32, base32upper } from 'multiformats/bases/base32';
import { startStorageNodes } from '../embedded/store/index.ts';
import { findIpfs, startKubo } from '../processes/kubo/index.ts';
import { blockStoreStories, type StoreUnderTest } from './block-store.suite.ts';
import { OwnNode } from './own-node.ts';

const token = 'a-token-of-the-suite';

blockStoreStories('an embedded storage node', async () => {
  await using held = new AsyncDisposableStack();
  const directory = await temporaryDirectory(held);
  const config = { nodes: [{ id: 's1', directory, port: 0, token }], capacityBytes: 2 ** 30 };
  const { nodes } = held.use(await startStorageNodes(config));
  return underTest(nodes[0]!.address, directory, held.move());
});

const ipfs = await findIpfs({ searchPath: process.env.PATH ?? '' }).catch(() => undefined);

blockStoreStories(
  ipfs ? `Kubo ${ipfs.version}` : 'Kubo (left out: there is no ipfs on PATH)',
  async () => {
    await using held = new AsyncDisposableStack();
    const directory = join(await temporaryDirectory(held), 'kubo');
    const kubo = held.use(
      await startKubo({ id: 'k1', binary: ipfs!, directory, port: 0, token, capacityBytes: 2 ** 30 }),
    );
    return underTest(kubo.address, directory, held.move());
  },
  { describeIt: ipfs ? describe : describe.skip },
);

function underTest(address: string, directory: string, held: AsyncDisposableStack): StoreUnderTest {
  const store = held.use(new OwnNode({ id: 's1', address, token }));
  return {
    store,
    spoil: (cid) => spoil(join(directory, 'blocks'), cid),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function temporaryDirectory(held: AsyncDisposableStack): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'd-cloud-store-'));
  held.defer(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Both kinds of node lay blocks out as flatfs does. */
async function spoil(blocks: string, cid: string): Promise<void> {
  const name = `${base32upper.encode(base32.decode(cid).subarray(2)).slice(1)}.data`;
  const path = (await readdir(blocks, { recursive: true })).find((each) => each.endsWith(name));
  const file = await open(join(blocks, path!), 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 100);
  await file.write(Buffer.from([byte[0]! ^ 1]), 0, 1, 100);
  await file.close();
}
