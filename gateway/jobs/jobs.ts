import { type ComputeNodeRecord, type JobId, type JobRecord, type MspId, Refusal } from '@d-cloud/chaincode/domain';
import type { RouteRequest } from '../http/route.ts';
import { listAll } from '../peer/list-all.ts';
import type { ReadModel, Recorded } from '../projection/read-model.ts';
import type { Heartbeats } from './heartbeats.ts';
import { type JobProgress, jobProgress } from './job-progress.ts';
import { type JobWish, type RequestJobPowers, requestJob } from './request-job.ts';
import { type NotScheduled, whyNotScheduled } from './why-not-scheduled.ts';

export type JobsPowers = RequestJobPowers & {
  readonly organization: MspId;
  readonly readModel: ReadModel;
  readonly heartbeats: Heartbeats;
};

export type JobStatus = {
  readonly job: Recorded<JobRecord>;
  readonly progress: JobProgress;
  readonly whyNotScheduled: readonly NotScheduled[];
};

/** The jobs of this organization, as handlers use them. */
export class Jobs {
  readonly #powers: JobsPowers;

  constructor(powers: JobsPowers) {
    this.#powers = powers;
  }

  /** Asks the ledger for a job; see `requestJob`. */
  request(asker: Pick<RouteRequest, 'mint' | 'submit'>, wish: JobWish) {
    return requestJob(this.#powers, asker, wish);
  }

  /** A job that this organization may see, or JOB_NOT_FOUND. */
  get(id: JobId): Recorded<JobRecord> {
    const job = this.#powers.readModel.get('job', id);
    if (job?.visible !== true) throw new Refusal('JOB_NOT_FOUND', `there is no job ${id}`);
    return job;
  }

  /** How far a job is, and why nodes are not working on it. */
  status(id: JobId): JobStatus {
    const { readModel, heartbeats, clock } = this.#powers;
    const job = this.get(id);
    const partitions = listAll(readModel, 'partition', { parent: id }).toSorted((a, b) => a.index - b.index);
    const begun = Date.parse(this.#powers.store.plan(id)?.requestedAt ?? job.time);
    const isOver = job.record.state !== 'queued' && job.record.state !== 'running';
    const until = isOver ? Date.parse(job.time) : clock.now().getTime();
    const nodes: readonly ComputeNodeRecord[] = listAll(readModel, 'compute-node');
    return {
      job,
      progress: jobProgress(job.record, partitions, heartbeats, Math.max(0, (until - begun) / 1_000)),
      whyNotScheduled: isOver
        ? []
        : whyNotScheduled(
            job.record,
            partitions,
            nodes.filter(({ state }) => state !== 'left'),
          ),
    };
  }
}
