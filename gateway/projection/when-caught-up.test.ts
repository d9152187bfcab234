import { Fault } from '@d-cloud/network/ledger';
import { expect, test } from '@jest/globals';
import { whenCaughtUp } from './when-caught-up.ts';

const away = new Fault('unavailable', 'the peer is away');

test('a read model has caught up when it shows what the peer had when it first answered', async () => {
  const waited: number[] = [];
  const heights = [async () => Promise.reject(away), async () => 8, async () => 9];
  const readModel = {
    waitFor: async (block: number) => {
      waited.push(block);
      if (waited.length === 1) throw new Fault('timeout', 'not yet');
    },
  };
  await whenCaughtUp(readModel, () => heights.shift()!(), new AbortController().signal);
  expect(waited).toEqual([7, 7]);
  expect(heights).toHaveLength(1);
});

test('who stops waiting is told so, and what is no fault of the machinery is not waited out', async () => {
  const stopping = new AbortController();
  const waiting = whenCaughtUp({ waitFor: async () => {} }, async () => Promise.reject(away), stopping.signal);
  stopping.abort(new Error('the gateway stops'));
  await expect(waiting).rejects.toThrow(/the gateway stops|aborted/);
  const broken = async () => Promise.reject(new RangeError('a mistake'));
  await expect(whenCaughtUp({ waitFor: async () => {} }, broken, new AbortController().signal)).rejects.toThrow(
    'a mistake',
  );
});
