import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { base32, base32upper } from 'multiformats/bases/base32';
import { blockStoreStories } from './block-store.suite.ts';
import { nodeKinds } from './storage-nodes.suite.ts';

for (const { name, describeIt, start } of nodeKinds) {
  blockStoreStories(
    name,
    async () => {
      const under = await start();
      return {
        store: under.node,
        spoil: (cid) => spoil(under.blocks, cid),
        [Symbol.asyncDispose]: () => under[Symbol.asyncDispose](),
      };
    },
    { describeIt },
  );
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
