import { type DatasetView, type GrantView, Problem, type VersionView } from '@d-cloud/gateway/cli';
import { expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import type { Network } from '../support/network.ts';
import { jobEnd, publishFiles, type Ran, registerDataset, requestJob, research } from '../support/stories.ts';
import { until } from '../support/until.ts';

/** What a program may rely on that sends a request again because it lost the answer. */
export function theSameRequestAgain(network: () => Network, photographs: () => Ran): void {
  const alder = () => network().as('alder');
  const birch = () => network().as('birch');

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
    const terms = { actions: ['use'], purposes: [research], models: [photographs().model] };
    const body = { dataset: photographs().dataset.id, terms };
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

    const { version, model, grant } = photographs();
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
}
