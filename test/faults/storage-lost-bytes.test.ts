/** Bytes rot, vanish and stay away on storage nodes: the owner's audit finds it, a repair without keys puts the very same blocks back, and what was acknowledged stays readable as long as any k fragments are left. */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { dcloud } from '../support/command-line.ts';
import {
  audit,
  blockFiles,
  configureCustody,
  digestsOf,
  flipBytes,
  removeFiles,
  repair,
  type StorageView,
  setFault,
  storageOf,
} from '../support/custody.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { largePhotographs } from '../support/samples.ts';
import { contentDigests, entryDigests, publishFiles, registerDataset } from '../support/stories.ts';
import type { TarEntry } from '../support/tar.ts';
import { until } from '../support/until.ts';

let network: Network;
let entries: readonly TarEntry[];
let version: string;
const alder = () => network.as('alder');

beforeAll(async () => {
  network = await startNetwork();
  entries = await largePhotographs(5);
  const { id } = await registerDataset(alder());
  ({ id: version } = await publishFiles(alder(), id, entries));
}, 180_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

const nodesOf = (storage: StorageView, organization: string) =>
  storage.fragments.filter((one) => one.organization === organization).map(({ storageNode }) => storageNode);
const foundAt = (storage: StorageView, node: string) =>
  storage.fragments.find(({ storageNode }) => storageNode === node)?.found;
const isReadable = async () => expect(await contentDigests(alder(), version)).toEqual(entryDigests(entries));

describe('a version at 4 of 7', () => {
  test('is stored with no organization able to rebuild it alone, and any of them able to leave', async () => {
    const storage = await storageOf(alder(), version);
    expect(storage).toMatchObject({ state: 'stored', k: 4, n: 7, intact: 7, audits: [] });
    expect(storage.reconstruction).toMatchObject({ mostByOne: 3, anyAlone: false, anyMayLeave: true });
    expect(storage.reconstruction.together.every((group) => group.length === 2)).toBe(true);
    expect(storage.blocksPerFragment).toBeGreaterThan(1);
  });

  test('is told of by its owner alone', async () => {
    await until('birch to know it', () => network.as('birch').call('GET', `/versions/${version}`));
    expect(await refusalOf(storageOf(network.as('birch'), version))).toEqual({ status: 403, code: 'CALLER_NOT_OWNER' });
    expect(await refusalOf(audit(network.as('birch'), version))).toMatchObject({ code: 'CALLER_NOT_OWNER' });
  });

  test('is found whole by an audit, which is on the ledger without any block’s id', async () => {
    const storage = await audit(alder(), version);
    const [recorded] = storage.audits;
    expect(recorded).toMatchObject({ kind: 'audit' });
    expect(recorded!.nodes).toHaveLength(7);
    for (const node of recorded!.nodes) expect(node).toMatchObject({ ok: storage.blocksPerFragment, repaired: 0 });
    expect(JSON.stringify(recorded)).not.toMatch(/bafkrei/);
    expect(await alder().call('GET', `/transactions/${recorded!.ledger.transaction}`)).toMatchObject({
      creator: 'AlderMSP',
      function: 'audit:record',
      validation: 'VALID',
    });
  });
});

describe('a person', () => {
  const ask = (...words: string[]) => dcloud(...words, '--directory', network.directory, '--as', 'alder');

  test('is told where a version lies and who could rebuild it, and may have it looked after', async () => {
    const shown = await ask('storage', version);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain(`${version}: stored, 7 of 7 fragments, any 4 rebuild it`);
    expect(shown.out).toContain('No organization holds more than 3.');
    expect((await ask('storage', version, '--audit', '--json')).json).toMatchObject({
      ok: true,
      storage: { state: 'stored', reconstruction: { anyAlone: false } },
    });
    expect((await ask('repair', version, '--json')).json).toMatchObject({ ok: true, repaired: 0, stuck: [] });
    expect((await ask('storage', `vers_${'a'.repeat(26)}`)).code).toBe(1);
  }, 60_000);
});

describe('blocks flipped on one storage node and deleted on another', () => {
  const before = new Map<string, Map<string, Buffer>>();
  let rotten: string;
  let empty: string;

  beforeAll(async () => {
    const storage = await storageOf(alder(), version);
    [rotten, empty] = [nodesOf(storage, 'BirchMSP')[0]!, nodesOf(storage, 'CedarMSP')[0]!];
    for (const node of [rotten, empty]) before.set(node, await blockFiles(network, node));
    await flipBytes(before.get(rotten)!);
    await removeFiles(before.get(empty)!);
  });

  test('are told apart by an audit, and reading goes on', async () => {
    const storage = await audit(alder(), version);
    expect(storage).toMatchObject({ state: 'degraded', intact: 5 });
    expect(foundAt(storage, rotten)).toMatchObject({ ok: 0, corrupt: storage.blocksPerFragment });
    expect(foundAt(storage, empty)).toMatchObject({ ok: 0, missing: storage.blocksPerFragment });
    await isReadable();
  });

  test('are the same blocks again after a repair, byte by byte, although the repairing gateway was killed in the middle', async () => {
    await network.arm('alder', 'repair.first-put');
    const cut = repair(alder(), version).then(
      () => 'answered',
      () => 'cut',
    );
    await network.revive('alder');
    expect(await cut).toBe('cut');
    const repaired = await repair(alder(), version);
    expect(repaired).toMatchObject({ state: 'stored', intact: 7, stuck: [] });
    expect(repaired.repaired).toBe(2 * repaired.blocksPerFragment - 1);
    for (const [node, files] of before) expect(digestsOf(await blockFiles(network, node))).toEqual(digestsOf(files));
    const put = repaired.audits.find(({ kind }) => kind === 'repair')!.nodes;
    expect(put.map(({ node }) => node).sort()).toEqual([rotten, empty].sort());
    await isReadable();
  }, 120_000);
});

describe('an organization’s storage that stays away', () => {
  test('leaves the version degraded, without anything to be done here, and is well again when it is back', async () => {
    await network.hold('storage-birch');
    const away = await repair(alder(), version);
    expect(away).toMatchObject({ state: 'degraded', intact: 5, repaired: 0 });
    for (const node of nodesOf(away, 'BirchMSP')) {
      expect(foundAt(away, node)).toMatchObject({ ok: 0, offline: away.blocksPerFragment });
      // Every other storage node holds a fragment already, and two on one would be lost together.
      expect(away.stuck.some((sentence) => sentence.includes(node))).toBe(true);
    }
    await isReadable();
    await network.release('storage-birch');
    expect(await audit(alder(), version)).toMatchObject({ state: 'stored', intact: 7 });
  }, 120_000);

  test('is called slow and not failed when it takes questions and gives no answer', async () => {
    await configureCustody(network, 'alder', { probeDeadlineMs: 500 });
    await setFault(network, 'cedar', 'mode=silent');
    const slow = await repair(alder(), version);
    expect(slow).toMatchObject({ state: 'degraded', intact: 7, repaired: 0, stuck: [] });
    for (const node of nodesOf(slow, 'CedarMSP')) expect(foundAt(slow, node)).toMatchObject({ offline: 0, ok: 0 });
    await isReadable();
    await setFault(network, 'cedar', 'mode=none');
    expect(await audit(alder(), version)).toMatchObject({ state: 'stored' });
  }, 120_000);
});

describe('more lost than can be spared', () => {
  test('is said to be lost, is neither read nor repaired wrongly, and is whole when the bytes are back', async () => {
    const nodes = (await storageOf(alder(), version)).fragments.slice(0, 4).map(({ storageNode }) => storageNode);
    const files = await Promise.all(nodes.map((node) => blockFiles(network, node)));
    for (const held of files) await removeFiles(held);
    const lost = await repair(alder(), version);
    expect(lost).toMatchObject({ state: 'lost', intact: 3, repaired: 0 });
    expect(lost.stuck.length).toBeGreaterThan(0);
    expect((await refusalOf(contentDigests(alder(), version))).status).toBe(503);
    for (const [file, bytes] of files[0]!) await writeFile(file, bytes);
    const back = await repair(alder(), version);
    expect(back).toMatchObject({ state: 'stored', intact: 7, stuck: [], repaired: 3 * back.blocksPerFragment });
    for (const [at, node] of nodes.entries())
      expect(digestsOf(await blockFiles(network, node))).toEqual(digestsOf(files[at]!));
    await isReadable();
  }, 120_000);
});

describe('the gateway itself', () => {
  test('audits on its schedule and repairs what it finds, without being asked', async () => {
    const node = (await storageOf(alder(), version)).fragments[5]!.storageNode;
    const files = await blockFiles(network, node);
    await removeFiles(files);
    await configureCustody(network, 'alder', { auditIntervalMs: 1_000 });
    await until('the repair to be on the ledger', async () => {
      const { audits } = await storageOf(alder(), version);
      const newest = audits.find(({ kind }) => kind === 'repair');
      return newest?.nodes.some((one) => one.node === node && one.repaired === files.size);
    });
    expect(digestsOf(await blockFiles(network, node))).toEqual(digestsOf(files));
  }, 120_000);
});
