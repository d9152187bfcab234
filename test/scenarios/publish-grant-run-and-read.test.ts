/** The main job on real photographs and documents, from publishing to results, as programs of three organizations see it. */
import {
  type DatasetView,
  fetchResults,
  type GrantView,
  type JobView,
  type LineageView,
  Problem,
  type VersionView,
} from '@d-cloud/gateway/cli';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { type Network, type OrganizationName, startNetwork } from '../support/network.ts';
import { badSample, documentFile, photograph } from '../support/samples.ts';
import {
  allHaveRead,
  askAndIssue,
  contentDigests,
  entryDigests,
  jobEnd,
  marketing,
  publishBytes,
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
beforeAll(async () => {
  network = await startNetwork();
}, 180_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

const alder = () => network.as('alder');
const birch = () => network.as('birch');

type Ran = {
  readonly model: string;
  readonly dataset: DatasetView;
  readonly entries: readonly TarEntry[];
  readonly version: VersionView;
  readonly grant: GrantView;
  readonly job: JobView;
};

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

describe('the same request again', () => {
  test('has the same answer and one effect on the ledger; with another body it is refused', async () => {
    const key = 'one-and-the-same';
    const first = await registerDataset(alder(), { title: 'Asked twice' }, key);
    const second = await registerDataset(alder(), { title: 'Asked twice' }, key);
    expect(second).toEqual(first);
    expect(await refusalOf(registerDataset(alder(), { title: 'Asked otherwise' }, key))).toMatchObject({ status: 422 });
    const { items } = await alder().call<{ items: DatasetView[] }>('GET', '/datasets?query=asked');
    expect(items.map(({ id }) => id)).toEqual([first.id]);
  });

  test('publishes one version, and refuses other bytes under its key', async () => {
    const dataset = await registerDataset(alder(), { title: 'Published twice' });
    const one = [{ name: 'a.txt', bytes: Buffer.from('the first text, long enough to be one\n') }];
    const first = await publishFiles(alder(), dataset.id, one, 'publish-once');
    // What the placement could not promise is told once: it is no part of the record.
    const { warnings: _, ...record } = first;
    expect(await publishFiles(alder(), dataset.id, one, 'publish-once')).toEqual(record);
    const other = [{ name: 'a.txt', bytes: Buffer.from('another text of the very same length!\n') }];
    expect(await refusalOf(publishFiles(alder(), dataset.id, other, 'publish-once'))).toMatchObject({ status: 422 });
    const { items } = await alder().call<{ items: VersionView[] }>('GET', `/datasets/${dataset.id}/versions`);
    expect(items).toHaveLength(1);
  });

  test('asks for one grant and one job, also when it is sent eight times at once', async () => {
    const terms = { actions: ['use'], purposes: [research], models: [photographs.model] };
    const body = { dataset: photographs.dataset.id, terms };
    const before = await count('/grants');
    const eight = await Promise.all(
      Array.from({ length: 8 }, () =>
        until('an answer', () =>
          birch()
            .call<GrantView>('POST', '/grants', { body, idempotencyKey: 'eight-at-once' })
            // While the first runs the others are told so, and ask again.
            .catch((error) =>
              error instanceof Problem && error.code === 'REQUEST_RUNNING' ? undefined : Promise.reject(error),
            ),
        ),
      ),
    );
    expect(new Set(eight.map(({ id }) => id)).size).toBe(1);
    expect(await count('/grants')).toBe(before + 1);

    const { version, model, grant } = photographs;
    const wish = { version: version.id, model, grant: grant.id };
    const jobs = await count('/jobs');
    const job = await requestJob(birch(), wish, 'job-once');
    const replayed = await requestJob(birch(), wish, 'job-once');
    expect(replayed.id).toBe(job.id);
    expect(await refusalOf(requestJob(birch(), { ...wish, batchRows: 2 }, 'job-once'))).toMatchObject({ status: 422 });
    expect(await count('/jobs')).toBe(jobs + 1);
    expect((await jobEnd(birch(), job.id)).state).toBe('succeeded');
  }, 120_000);

  async function count(path: string): Promise<number> {
    return (await Array.fromAsync(birch().list(path))).length;
  }
});

describe('what programs ask for beside', () => {
  test('a search finds by the beginnings of words, everywhere in the consortium, and only what matches', async () => {
    const made = await registerDataset(alder(), { title: 'Ringed plovers of Sylt', keywords: ['ornithology'] });
    await allHaveRead(network, made.ledger.block);
    for (const query of ['plover', 'ornith', 'ringed sylt']) {
      const { items } = await birch().call<{ items: DatasetView[] }>(
        'GET',
        `/datasets?query=${encodeURIComponent(query)}`,
      );
      expect(items.map(({ id }) => id)).toContain(made.id);
    }
    const { items } = await birch().call<{ items: DatasetView[] }>('GET', '/datasets?query=plover%20nowhere');
    expect(items).toEqual([]);
  });

  test('a list comes page by page, each item once, in the same order; a foreign cursor is refused', async () => {
    for (let at = 0; at < 5; at++) await registerDataset(alder(), { title: `Paged number ${at}` });
    const whole = await alder().call<{ items: DatasetView[] }>('GET', '/datasets?query=paged&limit=200');
    const paged = await Array.fromAsync(alder().list<DatasetView>('/datasets?query=paged&limit=2'));
    expect(paged.map(({ id }) => id)).toEqual(whole.items.map(({ id }) => id));
    expect(paged).toHaveLength(5);
    const { next } = await alder().call<{ next: string }>('GET', '/datasets?query=paged&limit=2');
    expect(await refusalOf(alder().call('GET', `/jobs?cursor=${next}`))).toMatchObject({ status: 400 });
    expect(await refusalOf(alder().call('GET', '/datasets?limit=201'))).toMatchObject({ status: 400 });
  });

  test('events resume after the last one that was seen, without a gap or a repetition', async () => {
    const all = await eventIds({}, 12, '?from=oldest');
    expect(new Set(all).size).toBe(12);
    const rest = await eventIds({ 'last-event-id': all[4]! }, 7, '');
    expect(rest).toEqual(all.slice(5));
    const wrong = await fetch(`${birch().address}/v1/events`, {
      headers: { ...bearer(), 'last-event-id': 'nonsense' },
    });
    expect(wrong.status).toBe(400);
  });

  test('a role may do what it is for and nothing else', async () => {
    const body = {
      title: 'No',
      licence: 'CC0-1.0',
      modality: 'images',
      terms: { access: 'granted', purposes: [research] },
    };
    for (const role of ['compliance', 'operator'] as const) {
      const asked = network.as('alder', role).call('POST', '/datasets', { body });
      expect(await refusalOf(asked)).toEqual({ status: 403, code: 'SCOPE_MISSING' });
    }
    const { version, model, grant } = photographs;
    const job = { version: version.id, model, purpose: research, grant: grant.id };
    for (const role of ['compliance', 'operator', 'model-owner'] as const) {
      const asked = network.as('birch', role).call('POST', '/jobs', { body: job });
      expect(await refusalOf(asked)).toEqual({ status: 403, code: 'SCOPE_MISSING' });
    }
    expect(await refusalOf(network.as('alder', 'operator').call('GET', '/datasets'))).toMatchObject({ status: 403 });
    expect(await refusalOf(alder().call('PUT', '/purposes', { body: { purposes: [] } }))).toMatchObject({
      status: 403,
    });
    await expect(network.as('birch', 'compliance').call('GET', `/jobs/${photographs.job.id}`)).resolves.toMatchObject({
      id: photographs.job.id,
    });
  });

  test("another organization's grant looks as an absent one does", async () => {
    const path = `/grants/${photographs.grant.id}`;
    const absent = path.replace(/_[a-z2-7]{26}$/, `_${'a'.repeat(26)}`);
    const [theirs, none] = [await problemAt('cedar', path), await problemAt('cedar', absent)];
    expect(theirs).toMatchObject({ status: 404, code: 'GRANT_NOT_FOUND' });
    expect({ ...theirs, instance: '', traceId: '' }).toEqual({ ...none, instance: '', traceId: '' });
  });

  test("the results are the requester's: neither the owner of the data nor that of the model may read them", async () => {
    for (const name of ['alder', 'cedar'] as const) {
      const asked = network.as(name).open('GET', `/jobs/${photographs.job.id}/results`);
      expect(await refusalOf(asked)).toMatchObject({ status: 403 });
    }
  });

  test('health, metrics and the OpenAPI document are served to those who may have them', async () => {
    expect((await fetch(`${birch().address}/livez`)).status).toBe(200);
    const ready = await birch().call<{ ready: boolean; dependencies: unknown[] }>('GET', '/readyz');
    expect(ready.ready).toBe(true);
    expect(ready.dependencies.length).toBeGreaterThanOrEqual(3);
    const metrics = await network.as('birch', 'operator').open('GET', '/metrics', { accept: '*/*' });
    expect(await metrics.text()).toMatch(/^# TYPE/m);
    expect((await fetch(`${birch().address}/metrics`)).status).toBe(401);
    const document = await birch().call<{ openapi: string; paths: Record<string, unknown> }>('GET', '/openapi.json');
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths).length).toBeGreaterThan(25);
  });
});

const bearer = () => ({ authorization: `Bearer ${network.credentials.organizations.birch!.keys['data-team']}` });

/** Ids of the next events of the channel. */
async function eventIds(headers: Record<string, string>, count: number, query: string): Promise<string[]> {
  const response = await fetch(`${birch().address}/v1/events${query}`, {
    headers: { ...bearer(), ...headers },
    signal: AbortSignal.timeout(30_000),
  });
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(piece, { stream: true });
    const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id!);
    if (ids.length < count) continue;
    return ids.slice(0, count);
  }
  throw new Error(`the stream ended after: ${text}`);
}

async function problemAt(organization: OrganizationName, path: string): Promise<Record<string, unknown>> {
  const { rest, keys } = network.credentials.organizations[organization]!;
  const response = await fetch(`${rest}/v1${path}`, { headers: { authorization: `Bearer ${keys['data-team']}` } });
  return { status: response.status, ...((await response.json()) as object) };
}
