/** What its owner erases is used by nobody from then on, lies on no storage node, and cannot be opened any more; a certificate says so, and says what it does not cover. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ErasureView, LineageView, VersionView } from '@d-cloud/gateway/cli';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { storedBlocks } from '../support/blocks.ts';
import { dcloud } from '../support/command-line.ts';
import { audit, repair } from '../support/custody.ts';
import { erased, erasureOf, requestErasure } from '../support/erasure.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { largePhotographs, photograph } from '../support/samples.ts';
import {
  allHaveRead,
  askAndIssue,
  claimed,
  contentDigests,
  entryDigests,
  jobEnd,
  publishFiles,
  publishModel,
  registerDataset,
  requestJob,
  research,
  sha256,
} from '../support/stories.ts';
import type { TarEntry } from '../support/tar.ts';
import { until } from '../support/until.ts';

let network: Network;
let dataset: string;
let entries: readonly TarEntry[];
/** The version that goes, the one that came of it, and the one that stays. */
let version: VersionView;
let second: VersionView;
let query: string;
let grant: string;
let model: string;
let jobGrant: string;
/** Blocks of the version that goes, by storage node and file name. */
let blocks: readonly string[];

const alder = () => network.as('alder', 'admin');
const birch = () => network.as('birch');
const rootOf = (name: 'alder' | 'birch') =>
  join(network.layout.ofOrganization(name).directory, 'msp', 'cacerts', 'ca.pem');
const keyFile = () => join(network.layout.ofOrganization('alder').gateway, 'keys.sqlite');

beforeAll(async () => {
  network = await startNetwork();
  ({ id: dataset } = await registerDataset(alder(), { title: 'Portraits of people' }));
  entries = await largePhotographs(6);
  const before = new Set((await storedBlocks(network)).keys());
  version = await publishFiles(alder(), dataset, entries);
  blocks = [...(await storedBlocks(network)).keys()].filter((block) => !before.has(block));
  second = await publishFiles(alder(), dataset, [await photograph('drum.jpg')]);
  model = await publishModel(network, 'classifier');
  ({ id: grant } = await askAndIssue(network, { dataset, actions: ['read'] }));
  ({ id: jobGrant } = await askAndIssue(network, { dataset, model }));
  query = `?purpose=${research}&grant=${grant}`;
}, 240_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

describe('before', () => {
  test('everything is readable, and its blocks lie on all seven storage nodes', async () => {
    expect(await contentDigests(birch(), version.id, query)).toEqual(entryDigests(entries));
    expect(new Set(blocks.map((block) => block.split('/')[0])).size).toBe(7);
  }, 60_000);

  test('a preview says whom it concerns', async () => {
    const impact = await alder().call('GET', `/datasets/${dataset}/erasure-impact`);
    expect(impact).toMatchObject({
      versions: [version.id, second.id],
      grants: expect.arrayContaining([{ id: grant, grantee: 'BirchMSP' }]),
      derived: [],
      complete: true,
    });
    const shown = await dcloud('erase', 'preview', version.id, '--as', 'alder', '--directory', network.directory);
    expect(shown.out).toContain(`${version.id}: what an erasure touches`);
    expect(shown.out).toContain('BirchMSP (holder of blocks)');
  }, 60_000);

  test('it takes an administrator, the id once more, and a dataset that is not held', async () => {
    const asked = (role: 'data-team' | 'admin', body: object) =>
      refusalOf(network.as('alder', role).call('POST', `/versions/${version.id}/erasure`, { body }));
    const whole = { reason: 'test', confirm: version.id };
    expect(await asked('data-team', whole)).toEqual({ status: 403, code: 'SCOPE_MISSING' });
    expect(await asked('admin', { ...whole, confirm: dataset })).toEqual({ status: 400, code: 'BODY_INVALID' });
    const type = (...words: string[]) => dcloud(...words, '--as', 'alder', '--directory', network.directory, '--json');
    expect((await type('erase', 'hold', dataset, '--reason', 'proceedings')).json).toMatchObject({ ok: true });
    expect(await asked('admin', whole)).toEqual({ status: 403, code: 'DATASET_HELD' });
    expect(await alder().call('GET', `/versions/${version.id}/erasure-impact`)).toMatchObject({
      heldBecause: 'proceedings',
    });
    expect((await type('erase', 'release', dataset, '--reason', 'over')).json).toMatchObject({ ok: true });
    expect(await refusalOf(alder().call('GET', `/versions/${version.id}/erasure`))).toEqual({
      status: 404,
      code: 'ERASURE_NOT_FOUND',
    });
    const foreign = network.as('birch', 'admin').call('POST', `/versions/${version.id}/erasure`, { body: whole });
    expect(await refusalOf(foreign)).toEqual({ status: 403, code: 'CALLER_NOT_OWNER' });
  }, 60_000);
});

describe('an erasure while a job runs and one organization’s storage is away', () => {
  let job: string;
  let wrapped: Uint8Array;

  test('is accepted at once, ends the job, destroys the keys and clears whom it reaches', async () => {
    ({ id: job } = await requestJob(birch(), { version: version.id, model, grant: jobGrant, segmentsPerPartition: 1 }));
    await claimed(birch(), job);
    using before = new DatabaseSync(keyFile(), { readOnly: true });
    wrapped = before.prepare('SELECT wrapped FROM version_key WHERE version = ?').get(version.id)!
      .wrapped as Uint8Array;
    await network.holdStorage('birch');
    const asked = await requestErasure(alder(), version.id);
    expect(asked).toMatchObject({ state: 'requested', versions: [version.id], whole: false });
    expect((await jobEnd(birch(), job)).state).toBe('revoked');
    const half = await until('whoever is there to be cleared', async () => {
      const erasure = await erasureOf(alder(), version.id);
      return erasure.progress!.nodes.length === 7 && erasure;
    });
    const found = Map.groupBy(half.progress!.nodes, ({ organization }) => organization);
    expect(found.get('BirchMSP')!.map(({ outcome }) => outcome)).toEqual(['away', 'away']);
    for (const { outcome, absent, removed } of [...found.get('AlderMSP')!, ...found.get('CedarMSP')!]) {
      expect(outcome).toBe('absent');
      expect(absent).toBe(blocks.length);
      expect(removed).toBeGreaterThan(0);
    }
    expect(half).toMatchObject({ state: 'requested' });
    expect(half.progress!.certificate).toBeUndefined();
  }, 180_000);

  test('nobody reads or uses it any more, its owner included, and what else there was stays', async () => {
    await allHaveRead(network, (await erasureOf(alder(), version.id)).ledger.block);
    const gone = { status: 403, code: 'ERASED' };
    expect(await refusalOf(contentDigests(birch(), version.id, query))).toEqual(gone);
    expect(await refusalOf(contentDigests(alder(), version.id))).toEqual(gone);
    expect(await refusalOf(repair(alder(), version.id))).toEqual(gone);
    expect(await refusalOf(audit(alder(), version.id))).toEqual(gone);
    expect(await birch().call('GET', `/versions/${version.id}`)).toMatchObject({
      erasure: expect.stringMatching(/^eras_/),
    });
    expect((await contentDigests(birch(), second.id, query)).size).toBe(1);
  }, 60_000);

  test('its keys are not in the key store any more, nor in the bytes of its files', async () => {
    using after = new DatabaseSync(keyFile(), { readOnly: true });
    expect(after.prepare('SELECT * FROM version_key WHERE version = ?').get(version.id)).toBeUndefined();
    expect(after.prepare('SELECT * FROM version_key WHERE version = ?').get(second.id)).toBeDefined();
    for (const suffix of ['', '-wal']) {
      const bytes = await readFile(keyFile() + suffix);
      expect(bytes.includes(Buffer.from(wrapped))).toBe(false);
    }
  });

  test('is done by itself when the storage is back: no block of it lies anywhere', async () => {
    await network.releaseStorage('birch');
    const done = await erased(alder(), version.id);
    expect(done.progress!.nodes.map(({ outcome }) => outcome)).toEqual(Array(7).fill('absent'));
    const left = await storedBlocks(network);
    expect(blocks.filter((block) => left.has(block))).toEqual([]);
    expect(done.progress!.nodes.reduce((sum, { removed }) => sum + removed, 0)).toBe(blocks.length);
    expect((await contentDigests(birch(), second.id, query)).size).toBe(1);
    const gone = { status: 403, code: 'ERASED' };
    expect(await refusalOf(requestJob(birch(), { version: version.id, model, grant: jobGrant }))).toEqual(gone);
    expect(await refusalOf(requestJob(network.as('alder'), { version: version.id, model }))).toEqual(gone);
  }, 180_000);

  test('the same request again is the same erasure, and another one is refused', async () => {
    const again = alder().call('POST', `/versions/${version.id}/erasure`, {
      body: { reason: 'test', confirm: version.id },
    });
    expect(await refusalOf(again)).toEqual({ status: 403, code: 'ERASED' });
  });
});

describe('its certificate', () => {
  const verify = (file: string, ...more: string[]) => dcloud('erase', 'verify', file, '--json', ...more);
  let file: string;
  let root: string;
  let recorded: ErasureView;

  beforeAll(async () => {
    file = join(network.directory, 'certificate.json');
    root = rootOf('alder');
    const status = await dcloud(
      ...['erase', 'status', version.id, '-o', file, '--as', 'alder', '--directory', network.directory, '--json'],
    );
    expect(status.json).toMatchObject({ ok: true, file });
    recorded = await until('birch to know', async () => {
      const erasure = await erasureOf(birch(), version.id);
      return erasure.state === 'erased' && erasure;
    });
  }, 60_000);

  test('holds against the organization’s root and the digest that the ledger has, offline', async () => {
    expect(recorded.progress).toBeUndefined();
    expect(sha256(await readFile(file))).toBe(recorded.certificate);
    const verdict = await verify(file, '--root', root, '--recorded', recorded.certificate!);
    expect(verdict.json).toMatchObject({ ok: true, digest: recorded.certificate });
    expect(verdict.json.checks.map(({ name }: { name: string }) => name)).toEqual([
      'format',
      'signature',
      'signer',
      'erasure',
      'ledger',
    ]);
    expect(verdict.json.notCovered.join(' ')).toMatch(/Backups of this gateway made before/);
    expect(verdict.code).toBe(0);
  });

  test('holds for nobody else, and not with a letter changed', async () => {
    const stranger = rootOf('birch');
    expect((await verify(file, '--root', stranger)).json).toMatchObject({ ok: false });
    expect((await verify(file, '--recorded', '0'.repeat(64))).code).toBe(1);
    const certificate = JSON.parse(await readFile(file, 'utf8'));
    const statement = Buffer.from(certificate.envelope.payload, 'base64').toString();
    certificate.envelope.payload = Buffer.from(statement.replace('"removed":', '"removed":1')).toString('base64');
    const forged = join(network.directory, 'forged.json');
    await writeFile(forged, JSON.stringify(certificate));
    expect((await verify(forged)).json).toMatchObject({ ok: false });
  });
});

describe('a whole dataset', () => {
  test('goes from the command line, with its card, and its lineage stays', async () => {
    const known = JSON.stringify(await birch().call('GET', '/datasets?query=portraits'));
    expect(known).toContain(dataset);
    const words = ['erase', dataset, '--reason', 'nobody needs it', '--as', 'alder', '--directory', network.directory];
    expect((await dcloud(...words, '--json')).json).toMatchObject({
      ok: false,
      error: expect.stringContaining('--confirm'),
    });
    const shown = await dcloud(...words, '--confirm', dataset, '--json');
    expect(shown.json).toMatchObject({ ok: true, erasure: { state: 'erased', whole: true, versions: [second.id] } });
    await allHaveRead(network, (await alder().call<{ block: number }>('GET', '/datasets?limit=1')).block);
    for (const name of ['alder', 'birch', 'cedar'] as const) {
      const found = await network.as(name).call<{ items: unknown[] }>('GET', '/datasets?query=portraits');
      expect(found.items).toEqual([]);
    }
    expect(await refusalOf(publishFiles(alder(), dataset, entries))).toMatchObject({ status: 403 });
    const lineage = await birch().call<LineageView>('GET', `/lineage/${second.id}`);
    expect(lineage).toMatchObject({ version: second.id });
  }, 120_000);
});
