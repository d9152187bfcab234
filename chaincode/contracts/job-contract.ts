import {
  cancelJob,
  checkMembers,
  finishJob,
  type GrantCounterRecord,
  type JobRecord,
  keys,
  ownerAndOneOther,
  type PartitionRecord,
  readCard,
  requesterAndOneExecutor,
  requestJob,
} from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import type { Ledger } from './ledger.ts';
import { sideOf, standingOf } from './standing.ts';
import { evaluate, submit } from './transaction.ts';

@fabric.Info({ title: 'job', description: 'Runs of a model over a version' })
export class JobContract extends fabric.Contract {
  constructor() {
    super('job');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  request(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'job:request', body, request, async (ledger, asked) => {
      await ledger.vacant(keys.job(asked.id));
      await ledger.vacant(keys.dataset(asked.outputDataset));
      await ledger.vacant(keys.version(asked.outputVersion));
      await ledger.vacant(keys.reservation(asked.outputDataset));
      await ledger.vacant(keys.reservation(asked.outputVersion));
      const model = await ledger.need(keys.model(asked.model), 'MODEL_NOT_FOUND');
      const modelVersion = await ledger.need(keys.modelVersion(asked.model, asked.modelNumber), 'MODEL_NOT_FOUND');
      const data = await sideOf(ledger, asked.version, asked.grant);
      const weights = await sideOf(ledger, modelVersion.version, asked.modelGrant);
      const inputs = { data, weights, model, modelVersion };
      const { job, partitions, counters } = requestJob(ledger.caller, asked, inputs, ledger.atMs);
      const roster = await ledger.get(keys.roster());
      checkMembers(roster, job.executors);
      const policy = requesterAndOneExecutor(job, roster?.members ?? []);
      ledger.put(keys.job(job.id), job, policy);
      for (const partition of partitions) {
        ledger.put(keys.partition(job.id, partition.index), partition, policy);
        ledger.put(keys.open(job.id, partition.index), { v: 1, job: job.id, index: partition.index });
      }
      for (const output of [job.outputDataset, job.outputVersion]) {
        ledger.put(keys.reservation(output), { v: 1, job: job.id });
      }
      putCounters(ledger, counters);
      ledger.emit({ kind: 'job.requested', job, partitions });
      return job;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  cancel(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'job:cancel', body, request, async (ledger, { id }) => {
      const running = await ledger.need(keys.job(id), 'JOB_NOT_FOUND');
      const partitions = await ledger.list(keys.partitions(id));
      const standing = await standingOf(ledger, running);
      const { job, counters } = cancelJob(ledger.caller, running, partitions, standing);
      end(ledger, job, partitions, counters);
      ledger.emit({ kind: 'job.cancelled', job });
      return job;
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  finish(context: fabric.Context, body: string, request: string): Promise<string> {
    return submit(context, 'job:finish', body, request, async (ledger, asked) => {
      const running = await ledger.need(keys.job(asked.id), 'JOB_NOT_FOUND');
      const partitions = await ledger.list(keys.partitions(asked.id));
      const standing = await standingOf(ledger, running);
      const data = await sideOf(ledger, running.version, running.grant);
      const weights = await sideOf(ledger, running.modelVersion, running.modelGrant);
      const { job, counters, output } = finishJob(ledger.caller, asked, running, partitions, standing, data, weights);
      end(ledger, job, partitions, counters);
      ledger.emit({ kind: 'job.finished', job });
      if (output === undefined) return job;
      const { dataset, version } = output;
      await ledger.vacant(keys.dataset(dataset.id));
      await ledger.vacant(keys.version(version.id));
      const policy = ownerAndOneOther(dataset.owner, await ledger.members());
      ledger.putCard(readCard(ledger.transient('card'), dataset.id, dataset.cardCommitment));
      ledger.put(keys.dataset(dataset.id), dataset, policy);
      ledger.put(keys.version(version.id), version, policy);
      ledger.emit({ kind: 'dataset.registered', dataset }, { kind: 'dataset.version-published', version });
      return job;
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'job:get', body, (ledger, { id }) => ledger.need(keys.job(id), 'JOB_NOT_FOUND'));
  }
}

/** Writes a job's end: its record, what goes back to the grants, and no open partition any more. */
function end(
  ledger: Ledger,
  job: JobRecord,
  partitions: readonly PartitionRecord[],
  counters: readonly GrantCounterRecord[],
): void {
  ledger.put(keys.job(job.id), job);
  for (const { state, index } of partitions) if (state === 'open') ledger.remove(keys.open(job.id, index));
  putCounters(ledger, counters);
}

function putCounters(ledger: Ledger, counters: readonly GrantCounterRecord[]): void {
  for (const counter of counters) ledger.put(keys.counter(counter.grant), counter);
}
