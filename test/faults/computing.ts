import { fetchResults, type JobView } from '@d-cloud/gateway/cli';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Network } from '../support/network.ts';
import { largePhotographs, photograph } from '../support/samples.ts';
import {
  askAndIssue,
  claimed,
  type JobWish,
  jobEnd,
  publishFiles,
  publishModel,
  registerDataset,
  requestJob,
} from '../support/stories.ts';
import { until } from '../support/until.ts';

const rows = 16;

/** Lines of a job between which its requester's gateway is killed: while it is asked for, and while it ends. */
export const linesOfAsking = ['job.secrets-kept', 'job.requested'] as const;
export const linesOfEnding = ['job.manifest-kept', 'job.output-keys-kept', 'job.finished'] as const;

/** Compute nodes and the requester's gateway die while a job runs: it ends all the same, with one accepted result per partition. */
export function killsWhileComputing(network: () => Network): void {
  const birch = () => network().as('birch');
  let large: JobWish;
  let small: JobWish;

  beforeAll(async () => {
    const model = await publishModel(network(), 'classifier');
    const publish = async (entries: Parameters<typeof publishFiles>[2]): Promise<JobWish> => {
      const { id: dataset } = await registerDataset(network().as('alder'), { title: 'To be run over' });
      const { id: version } = await publishFiles(network().as('alder'), dataset, entries);
      return { version, model, grant: (await askAndIssue(network(), { dataset, model })).id };
    };
    large = { ...(await publish(await largePhotographs(rows))), segmentsPerPartition: 1 };
    small = await publish([await photograph('drum.jpg')]);
  }, 120_000);

  /** Every partition accepted once, every row there once. */
  async function isWhole(job: JobView, count: number): Promise<void> {
    expect(job).toMatchObject({ state: 'succeeded', rows: count });
    expect(new Set(job.progress!.partitions.map(({ state }) => state))).toEqual(new Set(['accepted']));
    const results = await fetchResults(birch(), job.id);
    expect(new Set(results.rows.map(({ item }) => item)).size).toBe(count);
    expect(results.rows).toHaveLength(count);
  }

  test('a compute node killed in the middle of a partition: another takes it over, and one result is accepted', async () => {
    await network().hold('compute-cedar');
    const { id } = await requestJob(birch(), large);
    const { index } = await claimed(birch(), id, 'AlderMSP');
    await network().hold('compute-alder');
    await network().release('compute-cedar');
    const job = await jobEnd(birch(), id);
    await network().release('compute-alder');
    expect(job.progress!.partitions.length).toBeGreaterThanOrEqual(3);
    await isWhole(job, rows);
    const taken = job.progress!.partitions.find((one) => one.index === index) as {
      attempts?: number;
      organization?: string;
    };
    expect(taken).toMatchObject({ attempts: 1, organization: 'CedarMSP' });
  }, 240_000);

  test('a compute node that stood still past its claim and wakes up: its result is fenced off, another’s is accepted', async () => {
    await network().hold('compute-cedar');
    const { id } = await requestJob(birch(), large);
    const { index } = await claimed(birch(), id, 'AlderMSP');
    await network().signal('compute-alder', 'SIGSTOP');
    await network().release('compute-cedar');
    await until('the partition to be taken over', async () => {
      const { progress } = await birch().call<JobView>('GET', `/jobs/${id}`);
      const partition = progress!.partitions[index] as { organization?: string; state: string };
      return partition.organization === 'CedarMSP';
    });
    await network().signal('compute-alder', 'SIGCONT');
    const job = await jobEnd(birch(), id);
    await isWhole(job, rows);
    expect(job.progress!.partitions[index]).toMatchObject({ organization: 'CedarMSP', attempts: 1 });
  }, 240_000);

  test('the requester’s gateway killed while partitions run: they go on, and so does the job', async () => {
    const { id } = await requestJob(birch(), large);
    await claimed(birch(), id);
    await network().kill('gateway-birch');
    await isWhole(await jobEnd(birch(), id), rows);
  }, 240_000);

  test('the data owner’s gateway killed while partitions run: keys and blocks come when it is back', async () => {
    const { id } = await requestJob(birch(), large);
    await network().kill('gateway-alder');
    await isWhole(await jobEnd(birch(), id), rows);
  }, 240_000);

  describe.each(linesOfAsking)('the requester’s gateway killed at %s', (line) => {
    test('the same request again is one job, and it succeeds', async () => {
      const before = await jobs();
      await network().arm('birch', line);
      const key = `killed-at-${line}`;
      await expect(requestJob(birch(), small, key)).rejects.toThrow();
      await network().revive('birch');
      const { id } = await until('the repeated request to be answered', () => requestJob(birch(), small, key));
      expect(await jobs()).toBe(before + 1);
      await isWhole(await jobEnd(birch(), id), 1);
    }, 180_000);
  });

  describe.each(linesOfEnding)('the requester’s gateway killed at %s', (line) => {
    test('the job ends as it would have, once', async () => {
      await network().arm('birch', line);
      const { id } = await requestJob(birch(), small);
      await network().revive('birch');
      await isWhole(await jobEnd(birch(), id), 1);
    }, 180_000);
  });

  async function jobs(): Promise<number> {
    return (await Array.fromAsync(birch().list('/jobs'))).length;
  }
}
