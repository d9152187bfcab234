/** Public IPFS mode, on loopback: two storage nodes that serve anyone, and a stranger who knows every block's id and fetches them all. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { findIpfs, startKubo } from '@d-cloud/network/processes/kubo';
import { Stranger } from '@d-cloud/network/processes/kubo/testing';
import { type SlotBlocks, StorageRoutes } from '@d-cloud/network/store';
import {
  fragmentsOf,
  type GetFragment,
  gatherSecret,
  mintSecret,
  openSegments,
  type PlainSegment,
  SealThreads,
  type StorageManifest,
  sealSegments,
  type VersionSecret,
} from '@d-cloud/pipelines/seal';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { scratch } from '../support/scratch.ts';
import { realPrograms } from './found-programs.ts';

const scheme = { k: 4, n: 7 };
const canary = Buffer.from('canary: no stranger may ever read this. ');
const contents: readonly Buffer[] = [Buffer.concat(Array(20_000).fill(canary)), Buffer.alloc(300_000)];
const contentKey = randomBytes(32);
const withKubo = realPrograms.ipfs ? describe : describe.skip;

withKubo('a stranger on the public IPFS network', () => {
  const stack = new AsyncDisposableStack();
  const threads = stack.use(new SealThreads(1));
  /** What the stranger's own node was given over Bitswap, by CID. */
  const fetched = new Map<string, Buffer>();
  let stranger: Stranger;
  let manifest: StorageManifest;
  let s: Buffer;
  let shareIds: readonly string[];

  beforeAll(async () => {
    const { directory } = stack.use(await scratch());
    const binary = await findIpfs({ searchPath: process.env.PATH ?? '' });
    const routes = stack.use(new StorageRoutes({ routes: new Map() }));
    stranger = stack.use(await Stranger.start(binary.path, join(directory, 'stranger')));
    for (const id of ['one', 'other']) {
      const token = randomBytes(16).toString('hex');
      const place = { id, binary, directory: join(directory, id), port: 0, token, capacityBytes: 2 ** 30 };
      const publicSwarm = { bootstrap: [], listen: ['/ip4/127.0.0.1/tcp/0'] };
      const kubo = stack.use(await startKubo({ ...place, publicSwarm }));
      routes.set(id, { kind: 'own', address: kubo.address, token });
      expect(await stranger.connect(kubo.swarmAddresses[0]!)).toBe(true);
    }
    const slots = Array.from({ length: scheme.n }, (_, slot) => (slot % 2 === 0 ? 'one' : 'other'));
    await seal(routes.bind(slots, { words: [] }));
  }, 120_000);
  afterAll(() => stack.disposeAsync());

  async function seal(blocks: SlotBlocks): Promise<void> {
    async function* source(): AsyncGenerator<PlainSegment> {
      for (const bytes of contents) yield { bytes, rows: 1 };
    }
    const split = mintSecret(scheme);
    s = Buffer.from(split.s);
    shareIds = split.blocks.map(({ cid }) => cid);
    manifest = await sealSegments(source(), {
      version: 'vers_abcdefghijklmnopqrstuvwxya',
      secret: { cek: contentKey, s },
      shares: split.digests,
      token: 0,
      firstSegment: 0,
      scheme,
      slots: blocks.slots.map((storageNode, slot) => ({ slot, storageNode, organization: 'AlderMSP' })),
      schemaHash: '0'.repeat(64),
      threads,
      put: (fragment, options) => blocks.put(fragment, options),
    });
    for (const block of split.blocks) await blocks.put(block);
  }

  const get: GetFragment = async (slot, cid) => {
    const bytes = fetched.get(cid);
    if (bytes === undefined) throw new Error(`the stranger has no ${cid} of slot ${slot}`);
    return bytes;
  };
  const openedWith = async (secret: VersionSecret) =>
    (await Array.fromAsync(openSegments(manifest, { secretFor: () => secret, get, threads }))).map(({ bytes }) =>
      Buffer.from(bytes),
    );

  test('is served every fragment and every share by its CID, over Bitswap, though its own disk had none of them', async () => {
    const cids = [...[...fragmentsOf(manifest)].map(({ cid }) => cid), ...shareIds];
    expect(cids).toHaveLength(2 * scheme.n + scheme.n);
    for (const cid of cids) {
      expect(await stranger.get(cid, { offline: true })).toBeUndefined();
      const bytes = await stranger.get(cid);
      expect(bytes).toBeDefined();
      fetched.set(cid, bytes!);
    }
  }, 60_000);

  test('learns nothing from the bytes: no plaintext, no two alike, and nothing that a compressor finds', () => {
    const fragments = [...fragmentsOf(manifest)].map(({ cid }) => fetched.get(cid)!);
    for (const bytes of fragments) {
      expect(bytes.includes(canary.subarray(0, 12))).toBe(false);
      expect(bytes.includes(Buffer.alloc(64))).toBe(false);
      expect(gzipSync(bytes).length).toBeGreaterThanOrEqual(bytes.length);
    }
    expect(new Set(fetched.keys()).size).toBe(3 * scheme.n);
  });

  test('opens nothing with all fragments and no key', async () => {
    await expect(openedWith({ cek: randomBytes(32) })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  test('opens nothing with S put together from fetched shares either: the content key is not to be had', async () => {
    const gathered = await gatherSecret({ ...scheme, shares: manifest.shares! }, { get });
    expect(s.equals(gathered)).toBe(true);
    for (const cek of [randomBytes(32), Buffer.alloc(32), Buffer.from(gathered)])
      await expect(openedWith({ cek, s: gathered })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  test('opens everything with a leaked content key: that is what public mode gives up', async () => {
    await expect(openedWith({ cek: contentKey })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    const gathered = await gatherSecret({ ...scheme, shares: manifest.shares! }, { get });
    const opened = await openedWith({ cek: contentKey, s: gathered });
    expect(opened.map((bytes, at) => bytes.equals(contents[at]!))).toEqual([true, true]);
  });
});
