import type { ComputeNodeRecord, JobRecord, PartitionRecord } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { whyNotScheduled } from './why-not-scheduled.ts';

const job = { executors: ['AlderMSP'] } as unknown as JobRecord;
const node = (id: string, organization: string, state = 'active') =>
  ({ id, organization, state }) as unknown as ComputeNodeRecord;
const partition = (change: object) => ({ index: 0, state: 'open', ...change }) as unknown as PartitionRecord;

describe('why a job is not scheduled', () => {
  test('says for each compute node what keeps it', () => {
    const reasons = whyNotScheduled(
      job,
      [partition({}), partition({ index: 1, state: 'claimed', claim: { node: 'comp_busy' } })],
      [
        node('comp_other', 'CedarMSP'),
        node('comp_tired', 'AlderMSP', 'draining'),
        node('comp_idle', 'AlderMSP'),
        node('comp_busy', 'AlderMSP'),
      ],
    );
    expect(reasons.map(({ node: id, reason }) => [id, reason])).toEqual([
      ['comp_other', expect.stringContaining("not among the job's executors (AlderMSP)")],
      ['comp_tired', 'The node is draining.'],
      ['comp_idle', expect.stringContaining('claimed nothing')],
    ]);
  });

  test('is empty when nothing is open', () => {
    expect(whyNotScheduled(job, [partition({ state: 'accepted' })], [node('comp_a', 'CedarMSP')])).toEqual([]);
  });
});
