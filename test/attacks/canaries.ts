import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readState } from '@d-cloud/gateway/supervisor';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { storedBlocks } from '../support/blocks.ts';
import type { Network } from '../support/network.ts';
import { filesHolding } from '../support/search.ts';
import { askAndIssue, jobEnd, publishFiles, publishModel, registerDataset, requestJob } from '../support/stories.ts';

type Blocks = ReadonlyMap<string, string>;

/** Publishes and processes known words, and then looks for them everywhere where they must not be. */
export function canaries(network: () => Network): void {
  // Long enough that no chance finds them, and without a character that an escape would hide.
  const word = `canary${randomBytes(12).toString('hex')}`;
  const fileName = `name${randomBytes(12).toString('hex')}.txt`;
  let shared: number;

  beforeAll(async () => {
    const alder = network().as('alder');
    const sentence = `This document belongs to nobody else, and ${word} stands in it again and again.\n`;
    const entries = [{ name: fileName, bytes: Buffer.from(sentence.repeat(400)) }];
    const { id } = await registerDataset(alder, { title: 'Canaries', modality: 'documents' });
    const before = await storedBlocks(network());
    const first = await publishFiles(alder, id, entries);
    const between = await storedBlocks(network());
    await publishFiles(alder, id, entries);
    const after = await storedBlocks(network());
    const digests = (later: Blocks, earlier: Blocks) =>
      [...later.keys()].filter((name) => !earlier.has(name)).map((name) => name.split('/')[1]!);
    const [ones, others] = [digests(between, before), new Set(digests(after, between))];
    expect([ones.length >= 7, others.size >= 7]).toEqual([true, true]);
    shared = ones.filter((name) => others.has(name)).length;
    const model = await publishModel(network(), 'embedder');
    const grant = await askAndIssue(network(), { dataset: id, model });
    const job = await requestJob(network().as('birch'), { version: first.id, model, grant: grant.id });
    expect((await jobEnd(network().as('birch'), job.id)).state).toBe('succeeded');
  }, 180_000);

  test('identical files published twice share no block', () => {
    expect(shared).toBe(0);
  });

  test('neither content nor file names lie in any storage node, ledger file, read model, key store or log', async () => {
    const { looked, found } = await search(network().directory, [word, fileName]);
    expect(found).toEqual([]);
    expect(looked).toBeGreaterThan(100);
  }, 60_000);

  test('an API key lies in the one file that is meant for it, and its secret nowhere else', async () => {
    const secrets = Object.values(network().credentials.organizations).flatMap(({ keys }) =>
      Object.values(keys).map((key) => key.split('_').slice(2).join('_')),
    );
    const { found } = await search(network().directory, secrets);
    expect([...new Set(found)]).toEqual(['credentials.json']);
  }, 60_000);

  test('the secrets of an organization stand in no log, no ledger file and no argument', async () => {
    const { layout } = network();
    const home = layout.ofOrganization('alder');
    const secrets = [
      (await readFile(home.organizationSecret, 'utf8')).trim(),
      (await readFile(home.key('gateway'), 'utf8')).split('\n')[1]!,
      (await readFile(home.tlsKey('gateway'), 'utf8')).split('\n')[1]!,
    ];
    for (const folder of ['logs', 'ledger', 'run', 'chaincode'])
      expect((await search(join(network().directory, folder), secrets)).found).toEqual([]);
    for (const text of await commandLines(network())) for (const secret of secrets) expect(text).not.toContain(secret);
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
    for (const text of [...metrics, ...processes])
      for (const secret of [word, fileName, ...keys]) expect(text.includes(secret)).toBe(false);
  });

  describe('the search itself', () => {
    test('finds a word that is there, so that finding none means something', async () => {
      const { found } = await search(network().directory, ['AlderMSP']);
      expect(found.length).toBeGreaterThan(3);
    });
  });
}

/** Files under a folder that hold one of the words, as text or as UTF-16. */
function search(folder: string, words: readonly string[]): Promise<{ looked: number; found: string[] }> {
  return filesHolding(
    folder,
    words.flatMap((word) => [Buffer.from(word), Buffer.from(word, 'utf16le')]),
  );
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
