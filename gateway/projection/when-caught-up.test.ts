import { Fault } from '@d-cloud/network/ledger';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { whenCaughtUp } from './when-caught-up.ts';

const away = new Fault('unavailable', 'the peer is away');
const silent = pino({ level: 'silent' });

test('a read model has caught up when it shows what the peer had when it first answered', async () => {
  const waited: number[] = [];
  const heights = [async () => Promise.reject(away), async () => 8, async () => 9];
  const readModel = {
    waitFor: async (block: number) => {
      waited.push(block);
      if (waited.length === 1) throw new Fault('timeout', 'not yet');
    },
  };
  await whenCaughtUp(readModel, () => heights.shift()!(), new AbortController().signal, silent);
  expect(waited).toEqual([7, 7]);
  expect(heights).toHaveLength(1);
});

test('who stops waiting is told so', async () => {
  const stopping = new AbortController();
  const never = { waitFor: async () => {} };
  const waiting = whenCaughtUp(never, async () => Promise.reject(away), stopping.signal, silent);
  stopping.abort(new Error('the gateway stops'));
  await expect(waiting).rejects.toThrow(/the gateway stops|aborted/);
});

test('what nobody foresaw is waited out too, and is logged once', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  const mistake = async () => Promise.reject(new RangeError('a mistake'));
  const heights = [mistake, mistake, async () => 8];
  const readModel = { waitFor: async () => {} };
  await whenCaughtUp(readModel, () => heights.shift()!(), new AbortController().signal, log);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('a mistake');
});
