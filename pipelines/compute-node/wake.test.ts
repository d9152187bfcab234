import { describe, expect, test } from '@jest/globals';
import { Wake } from './wake.ts';

const never = new AbortController().signal;
const hour = 3_600_000;

describe('waiting for something to claim', () => {
  test('ends at a wake, and one that came before somebody waited is not lost', async () => {
    using wake = new Wake(hour);
    wake.now();
    await wake.next(never);
    const waiting = wake.next(never);
    wake.now();
    await waiting;
  });

  test('takes many wakes before it as one', async () => {
    using wake = new Wake(hour);
    for (let count = 0; count < 5; count++) wake.now();
    await wake.next(never);
    const order: string[] = [];
    const waiting = wake.next(never).then(() => order.push('woken'));
    order.push('still waiting');
    wake.now();
    await waiting;
    expect(order).toEqual(['still waiting', 'woken']);
  });

  test('ends by itself after the interval', async () => {
    using wake = new Wake(1);
    await wake.next(never);
    await wake.next(never);
  });

  test('ends when the node stops, at once when it has stopped already', async () => {
    using wake = new Wake(hour);
    const stop = new AbortController();
    const waiting = wake.next(stop.signal);
    stop.abort();
    await waiting;
    await wake.next(stop.signal);
  });
});
