/**
 * A whole network whose storage nodes serve the public IPFS network, as an operator starts it: published, granted, read and
 * erased in that mode, beside a stranger who has the nodes' addresses, hears every CID, and fetches all there is.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readCredentials } from '@d-cloud/gateway/cli';
import { readDescription } from '@d-cloud/gateway/supervisor';
import { findIpfs } from '@d-cloud/network/processes/kubo';
import { Stranger } from '@d-cloud/network/processes/kubo/testing';
import { cidOf } from '@d-cloud/network/store';
import {
  blockDigest,
  fragmentsOf,
  type GetFragment,
  gatherSecret,
  openSegments,
  SealThreads,
  type VersionSecret,
} from '@d-cloud/pipelines/seal';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { storedBlocks } from '../support/blocks.ts';
import { dcloud, type Json } from '../support/command-line.ts';
import { Network } from '../support/network.ts';
import { scratch } from '../support/scratch.ts';
import { filesHolding } from '../support/search.ts';
import { type Leak, stolenFrom } from '../support/stolen-keys.ts';
import {
  askAndIssue,
  contentDigests,
  entryDigests,
  publishFiles,
  registerDataset,
  research,
} from '../support/stories.ts';
import { realPrograms } from './found-programs.ts';

const canary = `canary: no stranger may ever read this, ${createHash('sha256').update('once').digest('hex')}. `;
const entries = [
  { name: 'words.txt', bytes: Buffer.from(canary.repeat(6_000)) },
  { name: 'zeros.bin', bytes: Buffer.alloc(300_000) },
];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const withKubo = realPrograms.ipfs ? describe : describe.skip;

withKubo('a network on public IPFS', () => {
  const stack = new AsyncDisposableStack();
  const threads = stack.use(new SealThreads(1));
  let home: string;
  let strangersHome: string;
  let network: Network;
  let version: string;
  let leak: Leak;
  /** Every block of the version: its CID, and where it lies on a disk. */
  let stored: ReadonlyMap<string, string>;
  /** What the stranger's own node was given over Bitswap, by CID. */
  const fetched = new Map<string, Buffer>();

  const type = async (...words: string[]): Promise<Json> => {
    const { code, err, json } = await dcloud('--json', '--directory', home, ...words);
    if (code !== 0) throw new Error(err);
    return json;
  };
  const file = () => join(home, 'consortium.json');
  const readsAlike = async (organization: 'alder' | 'birch', query = '') =>
    expect(await contentDigests(network.as(organization), version, query)).toEqual(entryDigests(entries));

  beforeAll(async () => {
    home = stack.use(await scratch()).directory;
    await writeFile(file(), JSON.stringify({ ipfs: { mode: 'public', bootstrap: [] } }));
  });
  afterAll(() => stack.disposeAsync(), 60_000);

  test('is described in a file, and its plan says what is given up and where strangers come in', async () => {
    const told = await type('network', 'plan', file());
    expect(told.promisesNotKept.join()).toMatch(/a leaked content key opens its version.*Erasing, revoking and quotas/);
    const open = told.programs.filter(({ what }: Json) => what.includes('public IPFS network'));
    expect(open.map(({ listens }: Json) => listens.length)).toEqual(Array(7).fill(2));
  }, 60_000);

  test('publishes, and is read by the owner and under a grant, as any other', async () => {
    await type('network', 'up', file());
    const description = await readDescription(home);
    network = new Network(
      { directory: home, [Symbol.asyncDispose]: async () => {} },
      description!,
      await readCredentials(home),
    );
    const { id: dataset } = await registerDataset(network.as('alder'), { title: 'Canaries', modality: 'documents' });
    ({ id: version } = await publishFiles(network.as('alder'), dataset, entries));
    await readsAlike('alder');
    const { id: grant } = await askAndIssue(network, { dataset, actions: ['read'], executors: ['AlderMSP'] });
    await readsAlike('birch', `?purpose=${encodeURIComponent(research)}&grant=${grant}`);
    leak = await stolenFrom(network, 'alder', version);
    const { manifest } = leak;
    const ids = new Set([...fragmentsOf(manifest)].map(({ cid }) => cid));
    const shares = new Set(manifest.slots.map(({ slot }) => hex(manifest.shares.subarray(32 * slot, 32 * slot + 32))));
    const files = await Promise.all(
      [...(await storedBlocks(network)).values()].map(async (path) => [cidOf(await readFile(path)), path] as const),
    );
    // A repository holds blocks of Kubo's own too, the same in each.
    stored = new Map(files.filter(([cid]) => ids.has(cid) || shares.has(hex(blockDigest(cid)))));
    expect(stored.size).toBe(ids.size + manifest.n);
  }, 180_000);

  test('says in its status at which addresses strangers reach it; one who has those and the CIDs is served every block', async () => {
    const { publicNodes, promisesNotKept } = await type('status');
    expect(publicNodes.map(({ storageNode }: Json) => storageNode).sort()).toEqual(
      leak.manifest.slots.map(({ storageNode }) => storageNode).sort(),
    );
    expect(promisesNotKept.join()).toContain('Stored blocks are public');
    strangersHome = stack.use(await scratch()).directory;
    const { path } = await findIpfs({ searchPath: process.env.PATH ?? '' });
    const stranger = stack.use(await Stranger.start(path, join(strangersHome, 'ipfs')));
    for (const { address } of publicNodes) expect(await stranger.connect(address)).toBe(true);
    for (const cid of stored.keys()) {
      expect(await stranger.get(cid, { offline: true })).toBeUndefined();
      const bytes = await stranger.get(cid);
      expect(bytes === undefined ? undefined : cidOf(bytes)).toBe(cid);
      fetched.set(cid, bytes!);
    }
    // Their node serves what it has: nobody who comes later is to find it there.
    await stranger[Symbol.asyncDispose]();
  }, 120_000);

  test('gives away nothing by its bytes: no plaintext in any of them or in the stranger’s whole repository, and nothing to compress', async () => {
    const needles = [Buffer.from(canary.slice(0, 24)), Buffer.alloc(64)];
    for (const bytes of fetched.values()) {
      expect(needles.some((needle) => bytes.includes(needle))).toBe(false);
      expect(gzipSync(bytes).length).toBeGreaterThanOrEqual(bytes.length);
    }
    const blocks = join(strangersHome, 'ipfs', 'blocks');
    // What was fetched lies there, so that finding no plaintext means something.
    const [one] = [...fetched.values()].map((bytes) => bytes.subarray(0, 32));
    const { looked, found } = await filesHolding(blocks, [...needles, one!]);
    expect([looked >= fetched.size, ...found.values()].flat()).toEqual([true, expect.stringContaining('.data')]);
  }, 60_000);

  const get: GetFragment = async (_slot, cid) => {
    const bytes = fetched.get(cid);
    if (bytes === undefined) throw new Error(`the stranger has no ${cid}`);
    return bytes;
  };
  const opened = async (secret: VersionSecret) => {
    const segments = openSegments(leak.manifest, { secretFor: () => secret, get, threads });
    return Buffer.concat((await Array.fromAsync(segments)).map(({ bytes }) => bytes));
  };
  const refused = { code: 'SEGMENT_CORRUPT' };

  test('keeps its content from one who has all fragments, all shares, and which is which: S they have, the content key not', async () => {
    const s = await gatherSecret(leak.manifest, { get });
    expect(s).toHaveLength(32);
    for (const cek of [s, new Uint8Array(32), leak.contentKey.map((byte) => byte ^ 1)])
      await expect(opened({ cek, s })).rejects.toMatchObject(refused);
  });

  test('keeps its content from one who has a leaked content key, and fewer than k of the nodes', async () => {
    const { k } = leak.manifest;
    const few: GetFragment = async (slot, cid, options) => {
      if (slot < k - 1) return get(slot, cid, options);
      throw new Error('not fetched');
    };
    await expect(gatherSecret(leak.manifest, { get: few })).rejects.toMatchObject({ code: 'INSUFFICIENT_SHARES' });
  });

  test('gives up what stands between a leaked content key and the content in a private one: S', async () => {
    await expect(opened({ cek: leak.contentKey })).rejects.toMatchObject(refused);
    const plain = await opened({ cek: leak.contentKey, s: await gatherSecret(leak.manifest, { get }) });
    for (const { bytes } of entries) expect(plain.includes(bytes)).toBe(true);
  });

  test('still answers its own gateway alone: without the token no RPC, with it none but what we call, and no other port', async () => {
    for (const { name, storageNodes } of network.description.organizations) {
      for (const { id, port, swarmPort } of storageNodes) {
        const ask = async (path: string, headers: Record<string, string> = {}) =>
          (await fetch(`http://127.0.0.1:${port}/api/v0/${path}`, { method: 'POST', headers })).status;
        const token = await readFile(join(network.layout.ofOrganization(name).storageNode(id), 'rpc-token'), 'utf8');
        const Authorization = `Bearer ${token.trim()}`;
        expect([await ask('id'), await ask('config/show', { Authorization })]).toEqual([403, 403]);
        expect(await ask('id', { Authorization })).toBe(200);
        // No gateway over HTTP beside them: a swarm port speaks libp2p.
        expect(await greeting(swarmPort!)).toMatch(/\/multistream\/1\.0\.0/);
      }
    }
  }, 60_000);

  test('checks the hash of what it reads: a block that a disk damaged is served to no stranger, and is read from the others', async () => {
    const [cid, path] = [...stored].find(([cid]) => fetched.get(cid)!.length > 1_000)!;
    await writeFile(path, Buffer.alloc(fetched.get(cid)!.length, 7));
    await using later = await another('later');
    expect(await later.get(cid, { withinMs: 2_000 })).toBeUndefined();
    const [other] = [...stored.keys()].filter((one) => one !== cid);
    expect(await later.get(other!)).toEqual(fetched.get(other!));
    await readsAlike('alder');
  }, 90_000);

  test('erases what it has, and the certificate reaches no further: who comes later is served nothing, who came before has bytes to which no key is left', async () => {
    await type('erase', version, '--confirm', version, '--reason', 'asked for', '--as', 'alder');
    expect([...stored.values()].filter((path) => existsSync(path))).toEqual([]);
    await using last = await another('last');
    expect(await last.get([...stored.keys()][0]!, { withinMs: 2_000 })).toBeUndefined();
    await expect(stolenFrom(network, 'alder', version)).rejects.toThrow('has nothing of');
  }, 120_000);

  /** Someone else again, whose own disk has nothing yet. */
  async function another(name: string): Promise<Stranger> {
    const { path } = await findIpfs({ searchPath: process.env.PATH ?? '' });
    const one = await Stranger.start(path, join(strangersHome, name));
    for (const { address } of (await type('status')).publicNodes) expect(await one.connect(address)).toBe(true);
    return one;
  }
});

/** The first bytes that whoever listens at a port says to a greeting of libp2p. */
async function greeting(port: number): Promise<string> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  try {
    socket.write('\x13/multistream/1.0.0\n');
    for await (const bytes of socket) return String(bytes);
    return '';
  } finally {
    socket.destroy();
  }
}
