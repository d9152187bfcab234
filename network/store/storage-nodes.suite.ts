import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { startStorageNodes } from '../embedded/store/index.ts';
import { findIpfs, startKubo } from '../processes/kubo/index.ts';
import { OwnNode } from './own-node.ts';

/** A storage node that a suite runs on, with the folder in which its blocks lie. */
export interface NodeUnderTest extends AsyncDisposable {
  readonly node: OwnNode;
  readonly blocks: string;
  readonly capacityBytes: number;
}

/** Every kind of own storage node: the embedded one always, Kubo where there is an `ipfs`, else left out for all to see. */
export interface NodeKind {
  readonly name: string;
  readonly describeIt: (title: string, stories: () => void) => void;
  start(): Promise<NodeUnderTest>;
}

const token = 'a-token-of-the-suite';
const capacityBytes = 2 ** 30;
const ipfs = await findIpfs({ searchPath: process.env.PATH ?? '' }).catch(() => undefined);

export const nodeKinds: readonly NodeKind[] = [
  {
    name: 'an embedded storage node',
    describeIt: describe,
    start: () =>
      startIn(async (directory, held) => {
        const config = { nodes: [{ id: 's1', directory, port: 0, token }], capacityBytes };
        return held.use(await startStorageNodes(config)).nodes[0]!;
      }),
  },
  {
    name: ipfs ? `Kubo ${ipfs.version}` : 'Kubo (left out: there is no ipfs on PATH)',
    describeIt: ipfs ? describe : describe.skip,
    start: () =>
      startIn(async (directory, held) =>
        held.use(await startKubo({ id: 's1', binary: ipfs!, directory, port: 0, token, capacityBytes })),
      ),
  },
];

type Start = (directory: string, held: AsyncDisposableStack) => Promise<{ readonly address: string }>;

async function startIn(start: Start): Promise<NodeUnderTest> {
  await using held = new AsyncDisposableStack();
  const place = await mkdtemp(join(tmpdir(), 'd-cloud-store-'));
  held.defer(() => rm(place, { recursive: true, force: true }));
  const directory = join(place, 's1');
  const { address } = await start(directory, held);
  const node = held.use(new OwnNode({ id: 's1', address, token }));
  const kept = held.move();
  return { node, blocks: join(directory, 'blocks'), capacityBytes, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
