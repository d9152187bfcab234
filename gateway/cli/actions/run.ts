import type { Output } from '../output.ts';
import type { RestClient } from '../rest.ts';
import type { JobView } from '../views.ts';

export type JobWish = {
  readonly version: string;
  readonly model: string;
  readonly purpose: string;
  readonly grant?: string;
  readonly modelGrant?: string;
  readonly batchRows?: number;
  readonly segmentsPerPartition?: number;
  readonly title?: string;
};

/** Asks for a job. */
export function requestJob(rest: RestClient, { title, ...wish }: JobWish): Promise<JobView> {
  return rest.call<JobView>('POST', '/jobs', { body: { ...wish, ...(title && { output: { title } }) } });
}

const lookMs = 300;
const quietMs = 10_000;

/** Shows a job's rows as they are done, until it ends. Says why nodes do not take it when nothing moves. */
export async function watchJob(rest: RestClient, output: Output, id: string, signal?: AbortSignal): Promise<JobView> {
  let job = await rest.call<JobView>('GET', `/jobs/${id}`);
  const bar = output.progress('  ', 'rows', job.rows);
  let moved = performance.now();
  let before = -1;
  try {
    while (job.state === 'queued' || job.state === 'running') {
      const { rowsDone = 0, rowsPerSecond = 0, stage = '' } = job.progress ?? {};
      bar.at(rowsDone, rowsDone > 0 ? `${rowsPerSecond.toFixed(1)} rows/s, ${stage}` : stage);
      if (rowsDone !== before) [before, moved] = [rowsDone, performance.now()];
      if (performance.now() - moved > quietMs) {
        moved = performance.now();
        for (const { organization, reason } of job.whyNotScheduled ?? [])
          output.say(`   waiting: ${organization}: ${reason}`);
      }
      await new Promise((resolve) => setTimeout(resolve, lookMs));
      signal?.throwIfAborted();
      job = await rest.call<JobView>('GET', `/jobs/${id}`);
    }
    bar.at(job.progress?.rowsDone ?? job.rows, job.state);
  } finally {
    bar.end();
  }
  return job;
}
