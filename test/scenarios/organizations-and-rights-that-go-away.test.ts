/** One organization of three is lost, a grant is revoked, expires or is used up: what goes on, what stops, and what it says. */
import { readFileSync } from 'node:fs';
import { fetchResults, type GrantView, type JobView } from '@d-cloud/gateway/cli';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import { rawPeer } from '../support/exchange.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { largePhotographs, photograph } from '../support/samples.ts';
import {
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
} from '../support/stories.ts';
import type { TarEntry } from '../support/tar.ts';
import { until } from '../support/until.ts';

const rows = 14;

let network: Network;
let model: string;
let entries: readonly TarEntry[];
/** Alder's and Birch's datasets, each with one version of the same photographs. */
const owned = { alder: { dataset: '', version: '' }, birch: { dataset: '', version: '' } };
beforeAll(async () => {
  network = await startNetwork();
  model = await publishModel(network, 'classifier');
  entries = await largePhotographs(rows);
  for (const name of ['alder', 'birch'] as const) {
    const { id: dataset } = await registerDataset(network.as(name), { title: `Photographs of ${name}` });
    const { id: version } = await publishFiles(network.as(name), dataset, entries);
    owned[name] = { dataset, version };
  }
}, 240_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

const birch = () => network.as('birch');
const held = new Set<string>();
async function hold(...processes: readonly string[]): Promise<void> {
  for (const process of processes) {
    held.add(process);
    await network.hold(process);
  }
}
async function releaseAll(): Promise<void> {
  for (const process of held) await network.release(process);
  held.clear();
}
// What one story broke is whole for the next, also when it failed.
afterEach(releaseAll, 120_000);

describe('an organization whose storage is lost', () => {
  test('still reads all of its data, bit by bit, and so does who was granted it', async () => {
    const { dataset, version } = owned.alder;
    const { id } = await askAndIssue(network, { dataset, actions: ['read'] });
    await hold('storage-alder');
    expect(await contentDigests(network.as('alder'), version)).toEqual(entryDigests(entries));
    expect(await contentDigests(birch(), version, `?purpose=${research}&grant=${id}`)).toEqual(entryDigests(entries));
  }, 120_000);

  test('is told that nothing new can be promised, and goes on when storage is back', async () => {
    await hold('storage-alder');
    const { dataset } = owned.birch;
    const asked = publishFiles(birch(), dataset, [await photograph('drum.jpg')], 'while-lost');
    expect(await refusalOf(asked)).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    await releaseAll();
    const version = await until('the same request again', async () =>
      publishFiles(birch(), dataset, [await photograph('drum.jpg')], 'while-lost'),
    );
    expect(version.number).toBe(2);
  }, 120_000);

  test('does not stop a job over its data that runs already', async () => {
    const { dataset, version } = owned.alder;
    const { id: grant } = await askAndIssue(network, { dataset, model });
    const { id } = await requestJob(birch(), { version, model, grant, segmentsPerPartition: 2 });
    await claimed(birch(), id);
    await hold('storage-alder');
    const seen = await jobEnd(birch(), id, 6_000).catch(() => undefined);
    await releaseAll();
    const job = seen ?? (await jobEnd(birch(), id));
    expect(job.state).toBe('succeeded');
    expect((await fetchResults(birch(), id)).rows).toHaveLength(rows);
  }, 240_000);
});

describe('an organization that is gone entirely', () => {
  const everything = ['gateway-alder', 'storage-alder', 'compute-alder'];

  test('keeps nobody else from reading, registering and finding', async () => {
    await hold(...everything);
    expect(await contentDigests(birch(), owned.birch.version)).toEqual(entryDigests(entries));
    const { id } = await registerDataset(birch(), { title: 'Registered in absence' });
    await until('cedar to find it', () => network.as('cedar').call('GET', `/datasets/${id}`));
    await releaseAll();
    await until('alder to find it when it is back', () => network.as('alder').call('GET', `/datasets/${id}`));
  }, 180_000);

  test('delays a job of others at most until it is back', async () => {
    const { version } = owned.birch;
    const asked = await birch().call<JobView>('POST', '/jobs', {
      body: { version, model, purpose: research, executors: ['CedarMSP'], segmentsPerPartition: 2 },
    });
    await claimed(birch(), asked.id, 'CedarMSP');
    await hold(...everything);
    const seen = await jobEnd(birch(), asked.id, 6_000).catch(() => undefined);
    await releaseAll();
    const job = seen ?? (await jobEnd(birch(), asked.id));
    expect(job.state).toBe('succeeded');
    expect((await fetchResults(birch(), asked.id)).rows).toHaveLength(rows);
  }, 240_000);
});

describe('a grant', () => {
  const ask = (grant: string, key?: string) =>
    requestJob(birch(), { version: owned.alder.version, model, grant, segmentsPerPartition: 1 }, key);

  test('revoked while a job runs: the job ends as revoked, and no partition is claimed after it', async () => {
    const { id: grant } = await askAndIssue(network, { dataset: owned.alder.dataset, model });
    const { id } = await ask(grant);
    await claimed(birch(), id);
    const revoked = await network
      .as('alder')
      .call<GrantView>('POST', `/grants/${grant}/revoke`, { body: { reason: 'the story' } });
    expect(revoked.state).toBe('revoked');
    const job = await jobEnd(birch(), id, 30_000);
    expect(['revoked', 'partial']).toContain(job.state);
    const late = (await eventsOf('partition.claimed', id)).filter(({ block }) => block > revoked.ledger.block);
    expect(late).toEqual([]);
    expect(job.progress!.partitions.filter(({ state }) => state === 'accepted').length).toBeLessThan(
      job.progress!.partitions.length,
    );
    expect(await refusalOf(ask(grant))).toEqual({ status: 403, code: 'GRANT_REVOKED' });
  }, 180_000);

  test('revoked after a read: neither a new read nor the keys of the old one are given', async () => {
    const { dataset, version } = owned.alder;
    const { id: grant } = await askAndIssue(network, { dataset, actions: ['read'] });
    const query = `?purpose=${research}&grant=${grant}`;
    await contentDigests(birch(), version, query);
    const { items } = await birch().call<{ items: { id: string; grant?: string }[] }>('GET', '/accesses?limit=200');
    const access = items.find((one) => one.grant === grant)!.id;
    const home = network.layout.ofOrganization('birch');
    const who = { cert: text(home.tlsCertificate('gateway')), key: text(home.tlsKey('gateway')) };
    const keys = () =>
      rawPeer(network, 'alder', '/v1/keys/release', who, {
        method: 'POST',
        body: JSON.stringify({ kind: 'access', access }),
      });
    expect((await keys()).status).toBe(200);
    await network.as('alder').call('POST', `/grants/${grant}/revoke`, { body: { reason: 'the story' } });
    expect(await keys()).toMatchObject({ status: 403, code: 'GRANT_REVOKED' });
    expect(await refusalOf(contentDigests(birch(), version, query))).toEqual({ status: 403, code: 'GRANT_REVOKED' });
  }, 120_000);

  test('that has expired is refused, to jobs and to reads', async () => {
    const soon = new Date(Date.now() + 4_000).toISOString();
    const { id } = await askAndIssue(network, {
      dataset: owned.alder.dataset,
      model,
      actions: ['read', 'use'],
      until: soon,
    });
    await until('the grant to expire', async () => {
      const seen = await refusalOf(ask(id)).catch(() => ({ code: '' }));
      return seen.code === 'GRANT_EXPIRED';
    });
    const read = contentDigests(birch(), owned.alder.version, `?purpose=${research}&grant=${id}`);
    expect(await refusalOf(read)).toEqual({ status: 403, code: 'GRANT_EXPIRED' });
    for await (const job of birch().list<JobView>('/jobs'))
      await birch()
        .call('POST', `/jobs/${job.id}/cancel`)
        .catch(() => undefined);
  }, 120_000);

  test('that has too few rows or uses left is refused, and a refused job takes nothing of it', async () => {
    const { dataset, version } = owned.alder;
    const { id: few } = await askAndIssue(network, { dataset, model, rows: String(rows - 1) });
    expect(await refusalOf(ask(few))).toEqual({ status: 403, code: 'GRANT_EXHAUSTED' });
    const { id: once } = await askAndIssue(network, { dataset, model, uses: 1 });
    const refused = requestJob(birch(), { version, model, grant: once, purpose: 'dpv:Marketing' });
    expect(await refusalOf(refused)).toMatchObject({ code: 'PURPOSE_MISMATCH' });
    const job = await ask(once, 'the-one-use');
    expect(await refusalOf(ask(once))).toEqual({ status: 403, code: 'GRANT_EXHAUSTED' });
    expect((await ask(once, 'the-one-use')).id).toBe(job.id);
    expect((await jobEnd(birch(), job.id)).state).toBe('succeeded');
  }, 180_000);

  test('names a model that its owner has revoked: no job runs it any more', async () => {
    const { id: grant } = await askAndIssue(network, { dataset: owned.alder.dataset, model });
    await network
      .as('cedar', 'model-owner')
      .call('POST', `/models/${model}/versions/1/revoke`, { body: { reason: 'the story' } });
    await until(
      'birch to be refused',
      async () => (await refusalOf(ask(grant)).catch(() => undefined))?.code === 'MODEL_REVOKED',
    );
  }, 60_000);
});

function text(file: string): string {
  return readFileSync(file, 'utf8');
}

/** Events of one kind about one job, from the first block to the newest that Birch has read. */
async function eventsOf(kind: string, job: string): Promise<readonly { readonly block: number }[]> {
  const { rest, keys } = network.credentials.organizations.birch!;
  const { block: newest } = await birch().call<{ block: number }>('GET', '/jobs?limit=1');
  // A record of our own marks the end of what is to be read.
  const mark = await registerDataset(birch(), { title: `After ${job}` });
  expect(mark.ledger.block).toBeGreaterThan(newest);
  const response = await fetch(`${rest}/v1/events?from=oldest`, {
    headers: { authorization: `Bearer ${keys['data-team']}` },
    signal: AbortSignal.timeout(30_000),
  });
  const found: { block: number }[] = [];
  let tail = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (tail + decoder.decode(piece, { stream: true })).split('\n');
    tail = lines.pop()!;
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue;
      const { data } = JSON.parse(line.slice(6)) as { data: { kind: string; block: number } };
      if (data.kind === kind && line.includes(job)) found.push(data);
      if (line.includes(mark.id)) return found;
    }
  }
  throw new Error('the stream of events ended');
}
