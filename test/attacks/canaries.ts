import { hash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { readState } from '@d-cloud/gateway/supervisor';
import { blockId } from '@d-cloud/pipelines/seal';
import { beforeAll, expect, test } from '@jest/globals';
import { storedBlocks } from '../support/blocks.ts';
import type { Network } from '../support/network.ts';
import { photograph } from '../support/samples.ts';
import { filesHolding } from '../support/search.ts';
import { askAndIssue, jobEnd, publishFiles, publishModel, registerDataset, requestJob } from '../support/stories.ts';

type Blocks = ReadonlyMap<string, string>;

/** Publishes and processes known words, and then looks for them everywhere where they must not be. */
export function canaries(network: () => Network): void {
  // Long enough that no chance finds them, and without a character that an escape would hide.
  const word = `canary${randomBytes(12).toString('hex')}`;
  const fileName = `name${randomBytes(12).toString('hex')}.txt`;
  /** Blocks that two publications of the same bytes have in common, by what the bytes are. */
  const shared = new Map<string, number>();
  /** Plaintexts with a pattern that a weak cipher would let through, and pieces of them that must lie nowhere. */
  let patterns: ReadonlyMap<string, { readonly bytes: Buffer; readonly piece: Buffer }>;
  let fragments: ReadonlyMap<string, readonly Buffer[]>;
  let patternsFound: Awaited<ReturnType<typeof filesHolding<Buffer>>>;
  /** Where each word that was looked for lies, of all files of the network, once the story is over. */
  let found: ReadonlyMap<string, readonly string[]>;
  let looked: number;
  const apiKeySecrets = () =>
    Object.values(network().credentials.organizations).flatMap(({ keys }) =>
      Object.values(keys).map((key) => key.split('_').slice(2).join('_')),
    );
  const organizationSecrets = async () => {
    const home = network().layout.ofOrganization('alder');
    const secondLine = async (file: string) => (await readFile(file, 'utf8')).split('\n')[1]!;
    return [
      (await readFile(home.organizationSecret, 'utf8')).trim(),
      await secondLine(home.key('gateway')),
      await secondLine(home.tlsKey('gateway')),
    ];
  };

  beforeAll(async () => {
    const alder = network().as('alder');
    const sentence = `This document belongs to nobody else, and ${word} stands in it again and again.\n`;
    const entries = [{ name: fileName, bytes: Buffer.from(sentence.repeat(400)) }];
    const { id } = await registerDataset(alder, { title: 'Canaries', modality: 'documents' });
    const before = await storedBlocks(network());
    const first = await publishFiles(alder, id, entries);
    shared.set('text', await inCommon(before, () => publishFiles(alder, id, entries)));
    // No marker can hide in zeros and a picture, so what is looked for is a long run of their own bytes.
    const png = Buffer.from((await photograph('coffee.png')).bytes);
    const zeros = Buffer.alloc(256 * 1024);
    patterns = new Map<string, { bytes: Buffer; piece: Buffer }>([
      ['zeros', { bytes: zeros, piece: zeros.subarray(0, 64) }],
      ['PNG', { bytes: png, piece: png.subarray(png.length >> 1, (png.length >> 1) + 48) }],
    ]);
    const made = new Map<string, readonly Buffer[]>();
    for (const [name, { bytes }] of patterns) {
      const modality = name === 'PNG' ? 'images' : 'documents';
      const { id: dataset } = await registerDataset(alder, { title: `Pattern ${name}`, modality });
      const file = [{ name: name === 'PNG' ? 'picture.png' : 'zeros.bin', bytes }];
      const earlier = await storedBlocks(network());
      await publishFiles(alder, dataset, file);
      const added = [...(await storedBlocks(network()))].filter(([block]) => !earlier.has(block));
      made.set(name, await Promise.all(added.map(([, path]) => readFile(path))));
      shared.set(name, await inCommon(earlier, () => publishFiles(alder, dataset, file)));
    }
    fragments = made;
    patternsFound = await filesHolding(network().directory, [patterns.get('PNG')!.piece]);
    const model = await publishModel(network(), 'embedder');
    const grant = await askAndIssue(network(), { dataset: id, model });
    const job = await requestJob(network().as('birch'), { version: first.id, model, grant: grant.id });
    expect((await jobEnd(network().as('birch'), job.id)).state).toBe('succeeded');
    const words = [word, fileName, 'AlderMSP', ...apiKeySecrets(), ...(await organizationSecrets())];
    ({ looked, found } = await filesHolding(network().directory, words));
  }, 180_000);

  /** How many blocks a publication has in common with the one before it, whose blocks were not there `before`. */
  async function inCommon(before: Blocks, publishAgain: () => Promise<unknown>): Promise<number> {
    const between = await storedBlocks(network());
    await publishAgain();
    const after = await storedBlocks(network());
    const digests = (later: Blocks, earlier: Blocks) =>
      [...later.keys()].filter((name) => !earlier.has(name)).map((name) => name.split('/')[1]!);
    const [ones, others] = [digests(between, before), new Set(digests(after, between))];
    expect([ones.length >= 7, others.size >= 7]).toEqual([true, true]);
    return ones.filter((name) => others.has(name)).length;
  }

  test('identical files published twice share no block: text, zeros, a picture', () => {
    expect([...shared]).toEqual([
      ['text', 0],
      ['zeros', 0],
      ['PNG', 0],
    ]);
  });

  test('no fragment of zeros or of a picture shows a pattern: no piece of them, nothing to compress, every byte as often as every other', () => {
    for (const [name, { piece }] of patterns) {
      const blocks = fragments.get(name)!;
      expect(blocks.length).toBeGreaterThanOrEqual(7);
      for (const block of blocks) expect([name, block.includes(piece)]).toEqual([name, false]);
      const together = Buffer.concat(blocks);
      expect(deflateRawSync(together, { level: 9 }).length / together.length).toBeGreaterThanOrEqual(0.99);
      const counts = new Float64Array(256);
      for (const byte of together) counts[byte]!++;
      const expected = together.length / 256;
      const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // 255 degrees of freedom: mean 255, standard deviation √510. Four of those hold but for 1 of 16,000 runs.
      expect(Math.abs(chiSquare - 255)).toBeLessThan(5 * Math.sqrt(510));
    }
  });

  test('no piece of the picture lies in any file of the network', () => {
    expect(patternsFound.looked).toBeGreaterThan(100);
    expect([...patternsFound.found.values()].flat()).toEqual([]);
  });

  test('no id of a block lies in the ledger, in bytes or as any text: who stores a fragment cannot ask others for the rest', async () => {
    const digests = [...fragments.values()].flat().map((block) => hash('sha256', block, 'buffer'));
    expect(digests.length).toBeGreaterThanOrEqual(28);
    const forms = digests.flatMap((digest) => {
      const texts = (['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(digest.toString(form)));
      return [digest, Buffer.from(blockId(digest)), ...texts];
    });
    const { looked, found } = await filesHolding(network().layout.ledger, forms);
    expect(looked).toBeGreaterThan(3);
    expect([...found.values()].flat()).toEqual([]);
  }, 60_000);

  test('neither content nor file names lie in any storage node, ledger file, read model, key store or log', () => {
    expect([found.get(word), found.get(fileName)]).toEqual([[], []]);
    expect(looked).toBeGreaterThan(100);
  });

  test('an API key lies in the one file that is meant for it, and its secret nowhere else', () => {
    const files = apiKeySecrets().flatMap((secret) => found.get(secret)!);
    expect([...new Set(files)]).toEqual(['credentials.json']);
  });

  test('the secrets of an organization lie in its own folder alone, and in no argument', async () => {
    for (const secret of await organizationSecrets()) {
      const files = found.get(secret)!;
      expect(files.length).toBeGreaterThan(0);
      expect(files.filter((file) => !file.startsWith(join('organizations', 'alder')))).toEqual([]);
      for (const text of await commandLines(network())) expect(text.includes(secret)).toBe(false);
    }
  });

  test('metrics, arguments and environments hold neither content, nor names, nor keys', async () => {
    const keys = Object.values(network().credentials.organizations).flatMap(({ keys }) => Object.values(keys));
    const metrics = await Promise.all(
      (['alder', 'birch', 'cedar'] as const).map(async (name) =>
        (await network().as(name, 'operator').open('GET', '/metrics', { accept: '*/*' })).text(),
      ),
    );
    const processes = await commandLines(network());
    expect(processes.length).toBeGreaterThanOrEqual(11);
    const { piece } = patterns.get('PNG')!;
    const picture = (['latin1', 'hex', 'base64'] as const).map((form) => piece.toString(form));
    for (const text of [...metrics, ...processes])
      for (const secret of [word, fileName, ...picture, ...keys]) expect(text.includes(secret)).toBe(false);
  });

  test('a word that is there is found, so that finding none means something', () => {
    expect(found.get('AlderMSP')!.length).toBeGreaterThan(3);
  });
}

/** Arguments and environment of every process of the network and of its children. */
async function commandLines(network: Network): Promise<string[]> {
  const state = (await readState(network.directory))!;
  const parents = new Set([state.pid, ...state.processes.map(({ pid }) => pid ?? 0)]);
  const all: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => readFile(`/proc/${name}/${file}`, 'latin1').catch(() => '');
    const parent = Number((await read('stat')).replace(/^.*\)/s, '').trim().split(' ')[1]);
    if (parents.has(Number(name)) || parents.has(parent))
      all.push(`${await read('cmdline')}\n${await read('environ')}`);
  }
  return all;
}
