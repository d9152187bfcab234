/** One organization at a time loses everything it runs, in the middle of a job and of an upload, on real Fabric and Kubo. */
import { randomUUID } from 'node:crypto';
import type { DatasetView, JobView, Problem, VersionView } from '@d-cloud/gateway/cli';
import { holdProcess, readState, releaseProcess } from '@d-cloud/gateway/supervisor';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { disturbed } from '../support/disturbed.ts';
import { type Network, type OrganizationName, startNetwork } from '../support/network.ts';
import { largePhotographs } from '../support/samples.ts';
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
} from '../support/stories.ts';
import { type TarEntry, tar } from '../support/tar.ts';
import { until } from '../support/until.ts';
import { realPrograms } from './found-programs.ts';

const organizations = ['alder', 'birch', 'cedar'] as const;
const programs = ['orderer', 'peer', 'chaincode', 'storage', 'gateway', 'compute'];
const whole = realPrograms.ipfs && realPrograms.fabrics['Fabric 2.5'] !== undefined;
const within = 300_000;

let network: Network;
let entries: readonly TarEntry[];
let model: string;
let dataset: DatasetView;
let version: VersionView;
/** What each uploader published and got an answer for before anybody was lost. */
let earlier: ReadonlyMap<OrganizationName, VersionView>;
let grant: string;

/** Every program of an organization; birch has no compute node. */
async function programsOf(name: OrganizationName) {
  const { processes } = (await readState(network.directory))!;
  return processes.filter((one) => programs.some((kind) => `${one.name}-`.startsWith(`${kind}-${name}-`)));
}

async function become(name: OrganizationName, state: 'held' | 'ready'): Promise<void> {
  const all = async () => (await programsOf(name)).every((one) => one.state === state);
  await until(`everything of ${name} to be ${state}`, all, 120_000);
}

async function lose(name: OrganizationName): Promise<void> {
  await Promise.all((await programsOf(name)).map((one) => holdProcess(network.directory, one.name)));
  await become(name, 'held');
}

async function giveBack(name: OrganizationName): Promise<void> {
  for (const one of await programsOf(name)) await releaseProcess(network.directory, one.name);
  await become(name, 'ready');
}

(whole ? describe : describe.skip)('when an organization loses everything it runs', () => {
  beforeAll(async () => {
    network = await startNetwork();
    model = await publishModel(network, 'classifier');
    entries = await largePhotographs(24);
    dataset = await registerDataset(network.as('alder'));
    version = await publishFiles(network.as('alder'), dataset.id, entries);
    const { id: another } = await registerDataset(network.as('birch'));
    const published = await publishFiles(network.as('birch'), another, entries);
    earlier = new Map([
      ['alder', version],
      ['birch', published],
    ]);
    ({ id: grant } = await askAndIssue(network, { dataset: dataset.id, model }));
  }, within);
  afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

  test.each(organizations)(
    '%s: nothing acknowledged is lost, the others go on, and it catches up',
    async (lost) => {
      const others = organizations.filter((name) => name !== lost);
      const birch = network.as('birch');
      const [uploader] = others as [OrganizationName];
      const target = await registerDataset(network.as(uploader));
      const job = await requestJob(birch, { version: version.id, model, grant, batchRows: 1, segmentsPerPartition: 1 });
      await claimed(birch, job.id);
      // Segments hold 2 MiB: at its middle the upload has begun to be stored, and nothing of its other half was sent.
      const files = entries.slice(0, 12);
      const { bytes, over } = disturbed(tar(files), () => lose(lost));
      const idempotencyKey = randomUUID();
      const uploading = network
        .as(uploader)
        .call<VersionView>('POST', `/datasets/${target.id}/versions`, {
          stream: { type: 'application/x-tar', bytes },
          idempotencyKey,
        })
        .catch((refusal: Problem) => refusal);
      await over;
      // Its own gateway, birch's, tells that the job was in its middle; where that one is lost, nobody can be asked.
      if (lost !== 'birch') expect(await birch.call('GET', `/jobs/${job.id}`)).toMatchObject({ state: 'running' });

      // The others decide on the ledger without it.
      for (const name of others) {
        const once = randomUUID();
        const register = () => registerDataset(network.as(name), { title: `While ${lost} is away` }, once);
        await until(`${name} to register a dataset without ${lost}`, register, 120_000);
      }
      // And what was published before opens, whole.
      expect(await contentDigests(network.as(uploader), earlier.get(uploader)!.id)).toEqual(entryDigests(entries));
      const first = await uploading;
      if (first instanceof Error) expect(first).toMatchObject({ retryable: true });
      await giveBack(lost);

      // The same upload again: its first effect, or its effect now, and never both.
      const again = () => publishFiles(network.as(uploader), target.id, files, idempotencyKey);
      const uploaded = await until('the upload to be acknowledged', again, 120_000);
      if (!(first instanceof Error)) expect(uploaded.id).toBe(first.id);
      const { items } = await network
        .as(uploader)
        .call<{ items: VersionView[] }>('GET', `/datasets/${target.id}/versions`);
      expect(items.map(({ id }) => id)).toEqual([uploaded.id]);
      expect(await contentDigests(network.as(uploader), uploaded.id)).toEqual(entryDigests(files));
      expect(await contentDigests(network.as('alder'), version.id)).toEqual(entryDigests(entries));
      const ended: JobView = await jobEnd(birch, job.id, 200_000);
      expect(ended).toMatchObject({ state: 'succeeded' });
      const last = await registerDataset(network.as(lost), { title: `${lost} is back` });
      await allHaveRead(network, last.ledger.block);
    },
    within,
  );
});
