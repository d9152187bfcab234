import type { ComputeNodeId, JobId, JobRecord, PartitionRecord } from '@d-cloud/chaincode/domain';
import { Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import { type ClaimedPartition, type ClaimOptions, claimPartitions } from './open-partitions.ts';

const node = 'comp_a' as ComputeNodeId;
const partition = (index: number, job = 'job_a') =>
  ({
    v: 1,
    job: job as JobId,
    index,
    firstSegment: index,
    segments: 1,
    firstRow: 0,
    rows: 1,
    state: 'open',
    attempts: 0,
    token: 0,
  }) as PartitionRecord;

type Asked = { readonly ephemeralKey: string; readonly index: number };

/** A ledger with open partitions whose claims go as told, and a node that looks until nothing wakes it any more. */
function world(open: PartitionRecord[], answer: (asked: Asked, count: number) => void = () => undefined) {
  const claims: Asked[] = [];
  const faults: unknown[] = [];
  const stop = new AbortController();
  let wakes = 0;
  const ledger = {
    evaluate: async (name: string, body: { id?: string }) =>
      name === 'partition:listOpen' ? [...open] : ({ id: body.id } as JobRecord),
    submit: async (_name: string, body: Asked) => {
      claims.push(body);
      answer(body, claims.length);
      const at = open.findIndex(({ index }) => index === body.index);
      return { result: open.splice(at, 1)[0], transaction: 't' };
    },
  } as unknown as ClaimOptions['ledger'];
  const options: ClaimOptions = {
    ledger,
    node,
    pick: (count) => count - 1,
    takes: () => true,
    signal: stop.signal,
    onFault: (error) => faults.push(error),
    wake: async () => {
      if (++wakes === 3) stop.abort();
    },
  };
  const all = (more: Partial<ClaimOptions> = {}): Promise<ClaimedPartition[]> =>
    Array.fromAsync(claimPartitions({ ...options, ...more }));
  return { all, claims, faults, wakes: () => wakes, stop };
}

describe('a compute node that looks for partitions', () => {
  test('claims those that its choice falls on, each under a key pair of its own, without waiting between', async () => {
    const { all, claims, wakes } = world([partition(0), partition(1), partition(2)]);
    const claimed = await all();
    expect(claimed.map((one) => one.partition.index)).toEqual([2, 1, 0]);
    expect(claims.map((one) => one.ephemeralKey)).toEqual(
      claimed.map(({ ephemeral }) => Buffer.from(ephemeral.publicKey).toString('base64')),
    );
    expect(new Set(claims.map((one) => one.ephemeralKey)).size).toBe(3);
    expect(wakes()).toBe(3);
  });

  test('lets one go that another node had first, and waits before it looks again', async () => {
    for (const lost of [
      new Refusal('PARTITION_CLAIMED', 'another node was first'),
      new Fault('contended', 'both wrote it'),
    ]) {
      const { all, claims, faults, wakes } = world([partition(0)], () => {
        throw lost;
      });
      expect(await all()).toEqual([]);
      expect([claims.length, wakes()]).toEqual([3, 3]);
      expect(faults).toEqual([]);
    }
  });

  test('leaves jobs alone that it does not take', async () => {
    const { all, claims } = world([partition(0, 'job_b')]);
    const asked: string[] = [];
    const takes = ({ id }: JobRecord) => {
      asked.push(id);
      return false;
    };
    expect(await all({ takes })).toEqual([]);
    expect(asked).toEqual(['job_b', 'job_b', 'job_b']);
    expect(claims).toEqual([]);
  });

  test('outlives a ledger that is away, and says so', async () => {
    const away = new Fault('unavailable', 'away');
    const { all, faults } = world([partition(0)], (_, count) => {
      if (count === 1) throw away;
    });
    expect(await all()).toHaveLength(1);
    expect(faults).toEqual([away]);
  });

  test('ends in silence when it is stopped in the middle of a claim', async () => {
    const { all, faults, stop } = world([partition(0)], () => {
      stop.abort();
      throw new Error('aborted');
    });
    expect(await all()).toEqual([]);
    expect(faults).toEqual([]);
  });
});
