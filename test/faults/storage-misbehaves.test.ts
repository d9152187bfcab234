/** Storage nodes that are full, lie, are slow, answer nobody, or have torn files: nothing is acknowledged that is not there, and what was acknowledged reads back bit by bit. */
import { truncate } from 'node:fs/promises';
import type { VersionView } from '@d-cloud/gateway/cli';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { storedBlocks } from '../support/blocks.ts';
import { dcloud } from '../support/command-line.ts';
import { audit, blockFiles, configureCustody, digestsOf, repair, setFault, storageOf } from '../support/custody.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { largePhotographs } from '../support/samples.ts';
import { contentDigests, entryDigests, publishFiles, registerDataset } from '../support/stories.ts';
import type { TarEntry } from '../support/tar.ts';
import { until } from '../support/until.ts';

let network: Network;
let entries: readonly TarEntry[];
let dataset: string;
let version: string;
const alder = () => network.as('alder');

beforeAll(async () => {
  network = await startNetwork();
  entries = await largePhotographs(3);
  ({ id: dataset } = await registerDataset(alder()));
  ({ id: version } = await publishFiles(alder(), dataset, entries));
  await configureCustody(network, 'alder', { probeDeadlineMs: 1_000 });
  await setFault(network, 'cedar', 'mode=none');
}, 240_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

const isReadable = async (id = version) => expect(await contentDigests(alder(), id)).toEqual(entryDigests(entries));
const fragmentsOf = async (mspId: string) =>
  (await storageOf(alder(), version)).fragments.filter(({ organization }) => organization === mspId);

describe('an organization whose disks are full', () => {
  test('lets nothing be acknowledged by halves; with room again the same request publishes, and leaves no block too many', async () => {
    const before = (await storedBlocks(network)).size;
    await setFault(network, 'cedar', 'mode=full');
    const refused = publishFiles(alder(), dataset, entries, 'while-full');
    await expect(refused).rejects.toMatchObject({ retryable: true });
    const { items } = await alder().call<{ items: VersionView[] }>('GET', `/datasets/${dataset}/versions`);
    expect(items.map(({ id }) => id)).toEqual([version]);
    await isReadable();
    await setFault(network, 'cedar', 'mode=none');
    const again = await until('the repeated request to be answered', () =>
      publishFiles(alder(), dataset, entries, 'while-full'),
    );
    await isReadable(again.id);
    await until('orphans to be gone', async () => (await storedBlocks(network)).size === 2 * before, 60_000);
  }, 240_000);
});

describe('storage nodes that answer with other bytes', () => {
  test('are read around and found out, and are not repaired away while they lie', async () => {
    await setFault(network, 'cedar', 'mode=lying');
    await isReadable();
    const { blocksPerFragment } = await audit(alder(), version);
    for (const { found } of await fragmentsOf('CedarMSP'))
      expect(found).toMatchObject({ ok: 0, corrupt: blocksPerFragment });
    const lying = await repair(alder(), version);
    expect(lying).toMatchObject({ state: 'degraded', repaired: 0 });
    expect(lying.stuck.length).toBeGreaterThan(0);
    await setFault(network, 'cedar', 'mode=none');
    expect(await repair(alder(), version)).toMatchObject({ state: 'stored', intact: 7, stuck: [] });
    await isReadable();
  }, 180_000);
});

describe('storage nodes at 1 KB/s, or that take questions and answer none', () => {
  test.each(['mode=slow&bytes-per-second=1024', 'mode=silent'])(
    'are read around: %s',
    async (fault) => {
      await setFault(network, 'cedar', fault);
      await isReadable();
      await setFault(network, 'cedar', 'mode=none');
    },
    120_000,
  );
});

describe('torn files on a storage node', () => {
  test('cut to half, to a byte and to nothing are found, and are the very same blocks after a repair', async () => {
    const [torn] = await fragmentsOf('CedarMSP');
    const files = await blockFiles(network, torn!.storageNode);
    const cuts = [(size: number) => size >> 1, () => 1, () => 0];
    for (const [at, [file, bytes]] of [...files].entries()) await truncate(file, cuts[at % 3]!(bytes.length));
    await isReadable();
    const found = (await audit(alder(), version)).fragments[torn!.slot]!.found!;
    expect(found.ok).toBe(0);
    expect(await repair(alder(), version)).toMatchObject({ state: 'stored', intact: 7, stuck: [] });
    const [{ id: second } = { id: '' }] = (
      await alder().call<{ items: VersionView[] }>('GET', `/datasets/${dataset}/versions`)
    ).items.filter(({ id }) => id !== version);
    await repair(alder(), second);
    expect(digestsOf(await blockFiles(network, torn!.storageNode))).toEqual(digestsOf(files));
    await isReadable();
  }, 180_000);
});

describe('a storage node that drains where every other one has a fragment already', () => {
  test('says at once that one must be added, to its operator and to the owner', async () => {
    const [{ storageNode } = { storageNode: '' }] = await fragmentsOf('AlderMSP');
    const operator = network.as('alder', 'operator');
    const drained = await operator.call<{ held: number; stuck: string[] }>(
      'POST',
      `/storage-nodes/${storageNode}/drain`,
    );
    expect(drained).toMatchObject({ held: 2 });
    expect(drained.stuck).toEqual([
      `No other storage node can take the fragments of 2 versions of yours that lie on ${storageNode}; add one.`,
    ]);
    const { stuck } = await storageOf(alder(), version);
    expect(stuck).toEqual([
      expect.stringMatching(
        new RegExp(`^Storage node ${storageNode} drains, and no other storage node can take fragment \\d; add one\\.$`),
      ),
    ]);
    const ask = (...words: string[]) => dcloud(...words, '--directory', network.directory);
    expect((await ask('storage', version, '--as', 'alder')).out).toContain(`  mind: ${stuck[0]}`);
    expect((await ask('status')).out).toContain(`! alder: ${drained.stuck[0]}`);
    await isReadable();
  }, 120_000);
});
