import type { JobId } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { Heartbeats } from './heartbeats.ts';

const job = 'job_a' as JobId;
const beat = (token: number, rowsDone: number) => ({ job, partition: 0, token, rowsDone, stage: 'rows' });

describe('heartbeats', () => {
  test('count silence from the first look at a claim, then from its last sign', () => {
    let now = 1_000;
    const heartbeats = new Heartbeats(() => now);
    expect(heartbeats.silenceMs(job, 0, 1)).toBe(0);
    now += 400;
    expect(heartbeats.silenceMs(job, 0, 1)).toBe(400);
    heartbeats.hear(beat(1, 5));
    now += 70;
    expect(heartbeats.silenceMs(job, 0, 1)).toBe(70);
  });

  test('give a newer claim a full term, and do not listen to the older one any more', () => {
    let now = 0;
    const heartbeats = new Heartbeats(() => now);
    heartbeats.hear(beat(1, 9));
    now += 5_000;
    expect(heartbeats.silenceMs(job, 0, 2)).toBe(0);
    now += 10;
    heartbeats.hear(beat(1, 10));
    expect(heartbeats.silenceMs(job, 0, 2)).toBe(10);
    expect(heartbeats.progress(job, 0, 1)).toBeUndefined();
    expect(heartbeats.progress(job, 0, 2)).toEqual({ rowsDone: 0, stage: 'claimed' });
  });

  test('never count rows backwards', () => {
    const heartbeats = new Heartbeats(() => 0);
    heartbeats.hear(beat(1, 9));
    heartbeats.hear(beat(1, 3));
    expect(heartbeats.progress(job, 0, 1)?.rowsDone).toBe(9);
    heartbeats.forget(job);
    expect(heartbeats.progress(job, 0, 1)).toBeUndefined();
  });
});
