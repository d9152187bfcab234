import { describe, expect, test } from '@jest/globals';
import { BufferPool } from './buffer-pool.ts';
import type { OpenRequest } from './messages.ts';
import { SealThreads } from './seal-threads.ts';

function request(): OpenRequest {
  return {
    kind: 'open',
    sealed: new ArrayBuffer(2048),
    fragmentBytes: 1024,
    present: [[0, 1]],
    digests: new Uint8Array(64),
    context: { version: 'vers_a', index: 0, token: 0, last: true },
    key: new Uint8Array(32),
    scheme: { k: 2, n: 3 },
  };
}

describe('the sealing threads', () => {
  test('a thread that ends fails what it was asked, and the next request finds another', async () => {
    const ending = new URL(
      "data:text/javascript,import { parentPort } from 'node:worker_threads'; parentPort.once('message', () => process.exit(1));",
    );
    await using threads = new SealThreads(1, ending);
    const lost = expect.objectContaining({ name: 'SealFault', code: 'THREAD_LOST', kind: 'unavailable' });
    await expect(threads.run(request())).rejects.toEqual(lost);
    await expect(threads.run(request())).rejects.toEqual(lost);
  });

  test('answers come back to their own requests, whatever the number of threads', async () => {
    await using threads = new SealThreads(2);
    const replies = await Promise.all(Array.from({ length: 20 }, () => threads.run(request())));
    for (const reply of replies)
      expect(reply).toMatchObject({
        kind: 'bad',
        bad: [
          { stripe: 0, position: 0 },
          { stripe: 0, position: 1 },
        ],
      });
    expect(() => new SealThreads(0)).toThrow(RangeError);
  });
});

describe('the buffer pool', () => {
  test('gives a returned buffer again, and keeps no more than it may', () => {
    const pool = new BufferPool(200_000);
    const first = pool.take(100_000);
    expect(first.byteLength).toBe(131_072);
    pool.give(first);
    pool.give(new ArrayBuffer(100_000));
    expect(pool.take(131_072)).toBe(first);
    expect(pool.take(131_072)).not.toBe(first);
  });

  test('does not spend a large buffer on a small need', () => {
    const pool = new BufferPool(10_000_000);
    const large = pool.take(5_000_000);
    pool.give(large);
    expect(pool.take(1000)).not.toBe(large);
    expect(pool.take(4_000_000)).toBe(large);
  });
});
