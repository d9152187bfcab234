import { once } from 'node:events';
import {
  type DomainEvent,
  type JobId,
  type JobRecord,
  type MspId,
  type PartitionRecord,
  Refusal,
} from '@d-cloud/chaincode/domain';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Heartbeats } from './heartbeats.ts';
import { type CoordinatorPowers, JobCoordinator } from './job-coordinator.ts';

const birch = 'BirchMSP' as MspId;
const job = { id: 'job_a' as JobId, requester: birch, state: 'running', partitions: 1, grant: 'grnt_a' };
const partition = (state: string) => ({ job: job.id, index: 0, state, attempts: 0 }) as unknown as PartitionRecord;

test('a job that changes while its end is being submitted is looked at again', async () => {
  const told = new EventTarget();
  const records = {
    job: { ...job } as unknown as JobRecord,
    partition: partition('open'),
    grant: { state: 'issued' },
    version: {},
  };
  const events: DomainEvent[] = [];
  async function* follow({ signal }: { signal: AbortSignal }) {
    for (let at = 0; !signal.aborted; at++) {
      while (events[at] === undefined) await once(told, 'event', { signal });
      yield { event: events[at] };
    }
  }
  const tell = (event: object) => {
    events.push(event as DomainEvent);
    told.dispatchEvent(new Event('event'));
  };
  let submitted = 0;
  const ended = Promise.withResolvers<void>();
  const powers = {
    organization: birch,
    readModel: {
      head: { block: 0, transaction: 0, index: 0 },
      get: (kind: keyof typeof records) => ({ record: records[kind] }),
      list: (kind: keyof typeof records, { state }: { state?: string }) => ({
        items: state === undefined || records.job.state === state ? [{ record: records[kind] }] : [],
      }),
      events: follow,
    },
    ledger: {
      submit: async () => {
        submitted++;
        if (submitted > 1) {
          ended.resolve();
          return { result: { ...job, state: 'failed' }, block: 1 };
        }
        // The last claim is taken away between our looking at the job and the ledger's doing so.
        records.partition = partition('failed');
        tell({ kind: 'partition.failed', partition: records.partition });
        await new Promise((resolve) => setImmediate(resolve));
        throw new Refusal('RECORD_INVALID', 'the output is missing');
      },
    },
    keyedHash: () => new Uint8Array(32),
    failpoint: () => undefined,
    heartbeats: new Heartbeats(() => 0),
    heartbeatTtlMs: 60_000,
    log: pino({ level: 'silent' }),
  } as unknown as CoordinatorPowers;
  await using coordinator = new JobCoordinator(powers);
  coordinator.start();
  records.grant = { state: 'revoked' };
  tell({ kind: 'grant.revoked' });
  await ended.promise;
  expect(submitted).toBe(2);
});
