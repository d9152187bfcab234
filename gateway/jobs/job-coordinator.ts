import {
  type DomainEvent,
  type JobId,
  type JobRecord,
  type MspId,
  type PartitionRecord,
  Refusal,
  sha256,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { parseManifest } from '@d-cloud/pipelines/seal';
import type { Logger } from 'pino';
import { followEvents } from '../background/follow-events.ts';
import { gatewayStamp } from '../background/gateway-stamp.ts';
import { pause } from '../background/pause.ts';
import { listAll } from '../peer/list-all.ts';
import type { PeerCaller } from '../peer/peer-caller.ts';
import type { ReadModel } from '../projection/index.ts';
import { type FinishPowers, finishJob } from './finish-job.ts';
import { fitsClaim } from './fits-claim.ts';
import type { Heartbeat, Heartbeats } from './heartbeats.ts';
import type { PartitionOutput } from './job-store.ts';

export type CoordinatorPowers = FinishPowers & {
  readonly organization: MspId;
  readonly readModel: ReadModel;
  readonly heartbeats: Heartbeats;
  readonly heartbeatTtlMs: number;
  readonly log: Logger;
};

/**
 * Coordinates the jobs that this organization requested: takes partitions from nodes that fell silent, ends jobs whose partitions are all
 * done, ends those whose right was revoked. Everything it needs is on the ledger and on disk, so it goes on after a restart; two
 * gateways of one organization race and the ledger lets one win.
 */
export class JobCoordinator implements AsyncDisposable {
  readonly #powers: CoordinatorPowers;
  readonly #stopping = new AbortController();
  /** Jobs that are being finished, so that one is not finished twice at once. */
  readonly #finishing = new Map<JobId, Promise<void>>();
  /** Jobs of which something was told while they were being finished: what was being submitted may be refused because of it. */
  readonly #toldOf = new Set<JobId>();
  /** Claims whose reassignment is on its way, `job:index:token`. */
  readonly #moving = new Set<string>();
  readonly #running: Promise<void>[] = [];

  constructor(powers: CoordinatorPowers) {
    this.#powers = powers;
  }

  /** Begins to watch events and heartbeats, with the jobs that were running before. */
  start(): void {
    this.#running.push(this.#watchEvents(), this.#watchHeartbeats());
  }

  /** Takes a compute node's sign of life. Refuses one whose claim is not current with FENCED. */
  async hear(caller: PeerCaller, heartbeat: Heartbeat): Promise<void> {
    this.#checkClaimant(caller, heartbeat);
    this.#powers.heartbeats.hear(heartbeat);
  }

  /** Refuses an output of anybody but the current claim's compute node, before it is read. */
  admitOutput(caller: PeerCaller, named: Pick<Heartbeat, 'job' | 'partition' | 'token'>): void {
    this.#checkClaimant(caller, named);
  }

  /** Keeps what a compute node sealed, before it attests. Refuses an output that is not its claim's; durable when it returns. */
  async acceptOutput(
    caller: PeerCaller,
    named: Pick<Heartbeat, 'job' | 'partition' | 'token'>,
    output: PartitionOutput,
  ): Promise<void> {
    const { job, partition } = this.#checkClaimant(caller, named);
    const manifest = parseOutput(output.manifest);
    const input = this.#powers.readModel.get('version', job.version)?.record;
    const plan = this.#powers.store.plan(job.id);
    if (input === undefined || plan === undefined)
      throw new Fault('unavailable', `The output plan of ${job.id} is not here.`, { retryable: false });
    const shares = this.#powers.store.shares(job.id);
    const fits = fitsClaim(manifest, { job, partition, token: named.token, input, plan, shares });
    if (!fits) throw new Refusal('ATTESTATION_INVALID', 'the manifest is not of this claim’s segments as planned');
    this.#powers.store.putOutput(named.job, named.partition, named.token, output);
    this.#powers.heartbeats.hear({ ...named, rowsDone: partition.rows, stage: 'attesting' });
    this.#powers.failpoint('job.manifest-kept');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    await Promise.allSettled([...this.#running, ...this.#finishing.values()]);
  }

  #checkClaimant(
    caller: PeerCaller,
    { job: id, partition: index, token }: Pick<Heartbeat, 'job' | 'partition' | 'token'>,
  ): { job: JobRecord; partition: PartitionRecord } {
    const { readModel, organization } = this.#powers;
    const job = readModel.get('job', id)?.record;
    const partition = readModel.get('partition', `${id}:${index}`)?.record;
    if (job?.requester !== organization || partition === undefined) {
      throw new Refusal('PARTITION_NOT_FOUND', `there is no partition ${index} of a job ${id} of ours`);
    }
    const { claim } = partition;
    // A claim that our projection has not read yet is newer than what it shows: the node asks again.
    if (token > partition.token) throw new Fault('unavailable', 'The claim is not projected here yet.');
    const isCurrent = partition.state === 'claimed' && claim?.token === token && isRunning(job);
    if (!isCurrent) throw new Refusal('FENCED', `token ${token} of partition ${index} is not current`);
    if (claim.organization !== caller.organization || claim.node !== caller.name) {
      throw new Refusal('PARTITION_NOT_FOUND', 'the claim is another compute node’s');
    }
    return { job, partition };
  }

  #watchEvents(): Promise<void> {
    const begun = () => {
      for (const job of this.#openJobs()) this.#consider(job);
    };
    return followEvents(this.#powers, { begun, heard: (event) => this.#follow(event) }, this.#stopping.signal);
  }

  #follow(event: DomainEvent): void {
    switch (event.kind) {
      case 'partition.attested':
      case 'partition.failed':
      case 'partition.reassigned':
      case 'partition.released': {
        const job = this.#powers.readModel.get('job', event.partition.job)?.record;
        if (job !== undefined) this.#consider(job);
        break;
      }
      case 'grant.revoked':
      case 'model.revoked':
      case 'dataset.erasure-requested':
      case 'organization.left':
        for (const job of this.#openJobs()) this.#consider(job);
        break;
      case 'job.finished':
      case 'job.cancelled':
        this.#powers.heartbeats.forget(event.job.id);
        break;
      default:
    }
  }

  /** Ends a job that is over: all its partitions are done, a right it stands on is gone, or its data is being erased. */
  #consider(job: JobRecord): void {
    if (job.requester !== this.#powers.organization || !isRunning(job)) return;
    if (this.#finishing.has(job.id)) {
      this.#toldOf.add(job.id);
      return;
    }
    const partitions = this.#partitions(job);
    const isDone = partitions.every(({ state }) => state === 'accepted' || state === 'failed');
    if (!isDone && !this.#isRevoked(job)) return;
    const finished = this.#finish(job, isDone ? partitions : []).finally(() => {
      this.#finishing.delete(job.id);
      const now = this.#toldOf.delete(job.id) ? this.#powers.readModel.get('job', job.id)?.record : undefined;
      if (now !== undefined && !this.#stopping.signal.aborted) this.#consider(now);
    });
    this.#finishing.set(job.id, finished);
  }

  async #finish(job: JobRecord, partitions: readonly PartitionRecord[]): Promise<void> {
    const { log } = this.#powers;
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const { job: ended } = await finishJob(this.#powers, job, partitions);
        log.info({ job: job.id, state: ended.state }, 'job ended');
        return;
      } catch (error) {
        // The other gateway of this organization, or a cancel, was first: the event tells.
        if (error instanceof Refusal) {
          log.warn({ err: error, job: job.id }, 'the ledger did not let the job end');
          return;
        }
        log.error({ err: error, job: job.id }, 'ending the job failed and is tried again');
        await pause(Math.min(500 * 2 ** attempt, 30_000), signal);
      }
    }
  }

  #isRevoked(job: JobRecord): boolean {
    const { readModel } = this.#powers;
    const grants = [job.grant, job.modelGrant].flatMap((id) =>
      id === undefined ? [] : [readModel.get('grant', id)?.record],
    );
    const model = readModel.get('model-version', `${job.model}:${job.modelNumber}`)?.record;
    const erased = [job.version, job.modelVersion].some(
      (id) => readModel.get('version', id)?.record.erasure !== undefined,
    );
    return erased || grants.some((grant) => grant?.state === 'revoked') || model?.state === 'revoked';
  }

  async #watchHeartbeats(): Promise<void> {
    const { heartbeats, heartbeatTtlMs, log } = this.#powers;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      for (const job of this.#openJobs()) {
        for (const { state, index, claim } of this.#partitions(job)) {
          if (state !== 'claimed' || claim === undefined) continue;
          const silentMs = heartbeats.silenceMs(job.id, index, claim.token);
          if (silentMs <= heartbeatTtlMs) continue;
          log.warn({ job: job.id, partition: index, node: claim.node, silentMs }, 'a compute node fell silent');
          void this.#reassign(job.id, index, claim.token, `${claim.node} showed no life for ${heartbeatTtlMs} ms`);
        }
      }
      await pause(heartbeatTtlMs / 5, signal);
    }
  }

  async #reassign(job: JobId, index: number, token: number, reason: string): Promise<void> {
    const name = `${job}:${index}:${token}`;
    if (this.#moving.has(name)) return;
    this.#moving.add(name);
    const body = { job, index, token, reason };
    try {
      await this.#powers.ledger.submit(
        'partition:reassign',
        body,
        gatewayStamp(this.#powers.keyedHash, 'coordinator', `reassign:${name}`, body),
      );
    } catch (error) {
      // FENCED: the node attested or another gateway was first. A fault is tried again at the next look.
      this.#powers.log.info({ err: error, job, partition: index }, 'a claim was not moved');
    } finally {
      this.#moving.delete(name);
    }
  }

  #openJobs(): readonly JobRecord[] {
    const { readModel, organization } = this.#powers;
    return (['queued', 'running'] as const).flatMap((state) =>
      listAll(readModel, 'job', { owner: organization, state }),
    );
  }

  #partitions(job: JobRecord): readonly PartitionRecord[] {
    return listAll(this.#powers.readModel, 'partition', { parent: job.id });
  }
}

function isRunning({ state }: JobRecord): boolean {
  return state === 'queued' || state === 'running';
}

function parseOutput(bytes: Uint8Array) {
  try {
    return parseManifest(bytes);
  } catch {
    throw new Refusal('ATTESTATION_INVALID', `what was handed over (${sha256(bytes).slice(0, 16)}) is no manifest`);
  }
}
