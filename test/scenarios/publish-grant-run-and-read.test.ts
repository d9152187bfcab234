/** The main job on real photographs and documents, from publishing to results, as programs of three organizations see it. */
import { fetchResults, type LineageView } from '@d-cloud/gateway/cli';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { badSample, documentFile, photograph } from '../support/samples.ts';
import {
  askAndIssue,
  contentDigests,
  entryDigests,
  jobEnd,
  marketing,
  publishBytes,
  publishFiles,
  publishModel,
  type Ran,
  registerDataset,
  requestJob,
  research,
  sha256,
} from '../support/stories.ts';
import type { TarEntry } from '../support/tar.ts';
import { until } from '../support/until.ts';
import { theSameRequestAgain } from './the-same-request-again.ts';
import { whatProgramsAskForBeside } from './what-programs-ask-for-beside.ts';

let network: Network;
beforeAll(async () => {
  network = await startNetwork();
}, 180_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

const alder = () => network.as('alder');
const birch = () => network.as('birch');

async function run(which: 'classifier' | 'embedder', entries: readonly TarEntry[]): Promise<Ran> {
  const model = await publishModel(network, which);
  const modality = which === 'classifier' ? 'images' : 'documents';
  const dataset = await registerDataset(alder(), {
    title: `Real ${modality}`,
    modality,
    purposes: [research, marketing],
  });
  const version = await publishFiles(alder(), dataset.id, entries);
  const grant = await askAndIssue(network, { dataset: dataset.id, model });
  const asked = await requestJob(birch(), { version: version.id, model, grant: grant.id });
  return { model, dataset, entries, version, grant, job: await jobEnd(birch(), asked.id) };
}

let photographs: Ran;
let documents: Ran;

describe('a job over photographs', () => {
  beforeAll(async () => {
    const names = ['china.jpg', 'drum.jpg', 'wall-clock.jpg', 'two-dogs.jpg', 'rocket.jpg'];
    const good = await Promise.all(names.map(photograph));
    const bad = [
      { name: 'corrupt.jpg', bytes: await badSample('corrupt.jpg') },
      { name: 'pixel-bomb.png', bytes: await badSample('pixel-bomb.png') },
    ];
    photographs = await run('classifier', [...good, ...bad]);
  }, 240_000);

  test('ends as succeeded, with every partition attested by a transaction of its own', () => {
    expect(photographs.job).toMatchObject({ state: 'succeeded', requester: 'BirchMSP', rows: 7 });
    const { partitions, rowsDone } = photographs.job.progress!;
    expect(rowsDone).toBe(7);
    for (const one of partitions)
      expect(one).toMatchObject({ state: 'accepted', transaction: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test('tells what is on photographs whose subject is known', async () => {
    const { rows } = await fetchResults(birch(), photographs.job.id);
    const labels = new Map(rows.map(({ item, label }) => [item, label]));
    expect(labels.get('wall-clock.jpg')).toMatch(/clock/);
    expect(labels.get('drum.jpg')).toMatch(/drum/);
    expect(labels.get('rocket.jpg')).toMatch(/missile|projectile|obelisk|rocket/);
    for (const { status, score } of rows) if (status === 'ok') expect(score).toBeGreaterThan(0.05);
  });

  test('marks corrupt images as failed rows with a reason, and goes on', async () => {
    const { rows } = await fetchResults(birch(), photographs.job.id);
    for (const name of ['corrupt.jpg', 'pixel-bomb.png']) {
      const row = rows.find(({ item }) => item === name);
      expect(row).toMatchObject({ status: 'failed', reason: expect.stringMatching(/\w/) });
      expect(row).not.toHaveProperty('label');
    }
    expect(rows.filter(({ status }) => status === 'ok')).toHaveLength(5);
    expect(photographs.job.progress!.partitions.reduce((sum, one) => sum + (one.failedRows ?? 0), 0)).toBe(2);
  });

  test('gives the same rows in the same order as Arrow and as JSON lines', async () => {
    const { rows } = await fetchResults(birch(), photographs.job.id);
    const response = await birch().open('GET', `/jobs/${photographs.job.id}/results`, {
      accept: 'application/x-ndjson',
    });
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(response.headers.get('content-type')).toMatch('application/x-ndjson');
    expect(lines.map(({ item, status }) => [item, status])).toEqual(rows.map(({ item, status }) => [item, status]));
    expect(lines.map(({ item }) => item)).toEqual(photographs.entries.map(({ name }) => name));
    const clock = lines.find(({ item }) => item === 'wall-clock.jpg');
    expect(clock.top).toHaveLength(5);
    expect(clock.top[0].label).toBe(clock.label);
    const two = await birch().open('GET', `/jobs/${photographs.job.id}/results?rows=2-3`, {
      accept: 'application/x-ndjson',
    });
    expect((await two.text()).trimEnd().split('\n')).toEqual(lines.slice(2, 4).map((line) => JSON.stringify(line)));
  });
});

describe('a job over documents', () => {
  beforeAll(async () => {
    const names = [
      'licence-mpl-2.0.txt',
      'licence-apache-2.0.txt',
      'sqlite-wal.html',
      'sqlite-atomiccommit.html',
      'mammoth-tables.docx',
      'sqlite-copyright-release.pdf',
    ];
    const bad = { name: 'garbage.pdf', bytes: await badSample('garbage.pdf') };
    documents = await run('embedder', [...(await Promise.all(names.map(documentFile))), bad]);
  }, 240_000);

  test('puts texts about the same thing next to each other', async () => {
    expect(documents.job.state).toBe('succeeded');
    const { rows } = await fetchResults(birch(), documents.job.id);
    const vectors = new Map(rows.flatMap(({ item, embedding }) => (embedding ? [[item, embedding] as const] : [])));
    expect([...vectors.values()].every((one) => one.length === 384)).toBe(true);
    expect(nearestTo('licence-mpl-2.0.txt', vectors)).toBe('licence-apache-2.0.txt');
    expect(nearestTo('sqlite-wal.html', vectors)).toBe('sqlite-atomiccommit.html');
  });

  test('marks a document that is none as a failed row', async () => {
    const { rows } = await fetchResults(birch(), documents.job.id);
    expect(rows.find(({ item }) => item === 'garbage.pdf')).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/\w/),
    });
  });
});

function nearestTo(name: string, vectors: ReadonlyMap<string, Float32Array>): string | undefined {
  const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  const own = vectors.get(name)!;
  const others = [...vectors].filter(([other]) => other !== name);
  return others.toSorted(([, a], [, b]) => cosine(own, b) - cosine(own, a))[0]?.[0];
}

describe('after the job', () => {
  test('the content comes back bit by bit to its owner, from all files of every kind', async () => {
    for (const { version, entries } of [photographs, documents]) {
      expect(await contentDigests(alder(), version.id)).toEqual(entryDigests(entries));
    }
  });

  test('a table comes back as the same Arrow stream', async () => {
    const whole = await badSample('whole.arrows');
    const dataset = await registerDataset(alder(), { title: 'A table', modality: 'table' });
    const type = 'application/vnd.apache.arrow.stream';
    const version = await publishBytes(alder(), dataset.id, whole, type);
    const lines = await alder().open('GET', `/versions/${version.id}/content`, { accept: 'application/x-ndjson' });
    expect((await lines.text()).trimEnd().split('\n')).toHaveLength(version.rows);
    const stream = await alder().open('GET', `/versions/${version.id}/content`, { accept: type });
    expect(sha256(new Uint8Array(await stream.arrayBuffer()))).toBe(sha256(whole));
  });

  test('some rows come without the others, of pictures as well, and rows that are not there are refused', async () => {
    const { version, entries } = photographs;
    const read = (rows: string) =>
      alder().open('GET', `/versions/${version.id}/content?rows=${rows}`, { accept: 'application/x-ndjson' });
    const lines = (await (await read('1-2')).text()).trimEnd().split('\n');
    const names = entries.map(({ name }) => name).slice(1, 3);
    expect(lines.map((line) => JSON.parse(line).name)).toEqual(names);
    expect(await refusalOf(read(`${version.rows}-${version.rows}`))).toMatchObject({ status: 400 });
    expect(await refusalOf(read('2-1'))).toMatchObject({ status: 400 });
    const tar = alder().open('GET', `/versions/${version.id}/content?rows=0-0`, { accept: 'application/x-tar' });
    expect(await refusalOf(tar)).toMatchObject({ status: 406 });
  });

  test('the lineage of a result names version, job and model, each with transaction and block', async () => {
    const { job, version, dataset, model } = photographs;
    const lineage = await birch().call<LineageView>('GET', `/lineage/${job.outputVersion}`);
    const parents = lineage.items.map(({ parent }) => parent);
    expect(parents).toContain(version.id);
    const edge = lineage.items.find(({ parent }) => parent === version.id)!;
    expect(edge).toMatchObject({ child: job.outputVersion, job: job.id, distance: 1 });
    expect(edge.model).toMatch(model);
    const places = [edge, ...[...lineage.versions, ...lineage.jobs, ...lineage.models].map(({ ledger }) => ledger)];
    expect(places.length).toBeGreaterThanOrEqual(4);
    for (const { transaction, block } of places) {
      expect(transaction).toMatch(/^[0-9a-f]{64}$/);
      expect(block).toBeGreaterThan(0);
    }
    const down = await alder().call<LineageView>('GET', `/lineage/${version.id}?direction=downstream`);
    expect(down.items.map(({ child }) => child)).toContain(job.outputVersion);
    expect(dataset.id).toBe(job.dataset);
  });

  test('a use outside the purpose, with another model, or without a grant is refused with its own code', async () => {
    const { version, grant, model } = photographs;
    const ask = (wish: object) =>
      birch().call('POST', '/jobs', {
        body: { version: version.id, model, purpose: research, grant: grant.id, ...wish },
      });
    expect(await refusalOf(ask({ purpose: marketing }))).toEqual({ status: 403, code: 'PURPOSE_MISMATCH' });
    expect(await refusalOf(ask({ model: documents.model }))).toEqual({ status: 403, code: 'MODEL_NOT_GRANTED' });
    expect(await refusalOf(ask({ grant: undefined }))).toMatchObject({ status: 403 });
    expect(await refusalOf(ask({ grant: documents.grant.id }))).toMatchObject({ status: 403, code: 'GRANT_MISMATCH' });
  });

  test('a grant to use is none to read: the content is refused to the grantee, and the refusal is recorded', async () => {
    const { version, grant } = photographs;
    const asked = birch().open('GET', `/versions/${version.id}/content?purpose=${research}&grant=${grant.id}`);
    expect(await refusalOf(asked)).toEqual({ status: 403, code: 'ACTION_NOT_GRANTED' });
    const denied = await until(
      'the denial to be on the ledger',
      async () => {
        const { items } = await alder()
          .call<{ items: { outcome: string; refusal?: string }[] }>('GET', '/accesses?limit=50')
          .catch(() => ({ items: [] }));
        return items.find(({ outcome }) => outcome === 'denied');
      },
      10_000,
    );
    expect(denied.refusal).toBe('ACTION_NOT_GRANTED');
  });

  test('a grant to read gives the grantee the content bit by bit, and the access is recorded', async () => {
    const { version, dataset, entries } = documents;
    const grant = await askAndIssue(network, { dataset: dataset.id, actions: ['read'] });
    const query = `?purpose=${research}&grant=${grant.id}`;
    expect(await contentDigests(birch(), version.id, query)).toEqual(entryDigests(entries));
  });
});

describe('the same request again', () =>
  theSameRequestAgain(
    () => network,
    () => photographs,
  ));
describe('what programs ask for beside', () =>
  whatProgramsAskForBeside(
    () => network,
    () => photographs,
  ));
