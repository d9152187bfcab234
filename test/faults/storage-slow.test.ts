/** One of seven storage nodes drips at 1 KB/s, or takes requests and never answers: openings go round it, over the store client that gateways use. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startStorageNodes } from '@d-cloud/network/embedded/store';
import { type SlotBlocks, StorageRoutes } from '@d-cloud/network/store';
import {
  openSegments,
  type PlainSegment,
  SealThreads,
  type StorageManifest,
  sealSegments,
} from '@d-cloud/pipelines/seal';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { scratch } from '../support/scratch.ts';

const scheme = { k: 4, n: 7 };
const token = randomBytes(16).toString('hex');
const secret = { cek: randomBytes(32) };
/** Each is one stripe of fragments of 50 KB: at 1 KB/s, fifty seconds for one of them. */
const contents = Array.from({ length: 40 }, () => randomBytes(200_000));

const stack = new AsyncDisposableStack();
const threads = stack.use(new SealThreads(1));
let addresses: readonly string[];
let manifest: StorageManifest;

beforeAll(async () => {
  const { directory } = stack.use(await scratch());
  const ids = Array.from({ length: scheme.n }, (_, slot) => `s${slot}`);
  const nodes = ids.map((id) => ({ id, directory: join(directory, id), port: 0, token }));
  const store = stack.use(await startStorageNodes({ nodes, capacityBytes: 2 ** 30, faults: true }));
  addresses = store.nodes.map(({ address }) => address);
  await using reached = reach();
  async function* source(): AsyncGenerator<PlainSegment> {
    for (const bytes of contents) yield { bytes, rows: 1 };
  }
  manifest = await sealSegments(source(), {
    version: 'vers_abcdefghijklmnopqrstuvwxya',
    secret,
    token: 0,
    firstSegment: 0,
    scheme,
    slots: ids.map((storageNode, slot) => ({ slot, storageNode, organization: 'AlderMSP' })),
    schemaHash: '0'.repeat(64),
    threads,
    put: (fragment, options) => reached.blocks.put(fragment, options),
  });
}, 60_000);
afterAll(() => stack.disposeAsync());

/** Connections of which nothing is known yet: what an opening begins with. */
function reach(): { readonly blocks: SlotBlocks } & AsyncDisposable {
  const ids = addresses.map((_, slot) => `s${slot}`);
  const route = (slot: number) => ({ kind: 'own' as const, address: addresses[slot]!, token });
  const routes = new StorageRoutes({ routes: new Map(ids.map((id, slot) => [id, route(slot)])) });
  return { blocks: routes.bind(ids, { words: [] }), [Symbol.asyncDispose]: () => routes[Symbol.asyncDispose]() };
}

async function misbehave(slot: number, query: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${addresses[slot]}/api/v0/fault?${query}`, { method: 'POST', headers });
  expect(answer.status).toBe(200);
}

/** Opens everything and says how often each slot was asked. */
async function asked(): Promise<readonly number[]> {
  await using reached = reach();
  const counts = Array.from({ length: scheme.n }, () => 0);
  const opened = openSegments(manifest, {
    secretFor: () => secret,
    get: (slot, cid, options) => {
      counts[slot]!++;
      return reached.blocks.getUnverified(slot, cid, options);
    },
    threads,
  });
  let at = 0;
  for await (const { bytes } of opened) expect(contents[at++]!.equals(bytes)).toBe(true);
  expect(at).toBe(contents.length);
  return counts;
}

test('all seven well, mostly the data slots are asked, and each of them for every stripe', async () => {
  const counts = await asked();
  const total = counts.reduce((sum, count) => sum + count, 0);
  expect(total).toBeGreaterThanOrEqual(scheme.k * contents.length);
  expect(total).toBeLessThan((scheme.k + 2) * contents.length);
});

test.each([
  [0, 'at 1 KB/s', 'mode=slow&bytes-per-second=1000'],
  [3, 'at 1 KB/s', 'mode=slow&bytes-per-second=1000'],
  [2, 'that never answers', 'mode=silent'],
])(
  'slot %i on a storage node %s is asked a few times and then left alone, and everything opens bit for bit',
  async (slot, _, query) => {
    await misbehave(slot, query);
    try {
      // Waiting for this node once would take longer than the test may.
      expect((await asked())[slot]).toBeLessThanOrEqual(contents.length / 4);
    } finally {
      await misbehave(slot, 'mode=none');
    }
  },
  30_000,
);
