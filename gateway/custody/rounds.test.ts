/** Rounds on a key store that was restored and is older than what the ledger keeps. */
import { EventEmitter, on } from 'node:events';
import { expect, test } from '@jest/globals';
import { Rounds, type RoundsPowers } from './rounds.ts';

test('nothing is audited, moved or collected before what is kept was taken in, and all of it after', async () => {
  const done: string[] = [];
  const collected = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<void>();
  let isTakenIn = false;
  const wakes = new EventEmitter();
  let nowMs = 0;
  const powers = {
    config: { auditIntervalMs: 1_000 },
    clock: { now: () => new Date(nowMs) },
    readModel: {
      async *events({ signal }: { signal: AbortSignal }) {
        for await (const [event] of on(wakes, 'event', { signal })) yield { event };
      },
      head: { block: 0 },
    },
    keeper: {
      ready: async () => {
        if (isTakenIn) return;
        refused.resolve();
        throw new Error('the ledger does not answer');
      },
    },
    versions: {
      list: () => {
        done.push('listed');
        return [];
      },
    },
    active: () => new Set(),
    collect: async () => {
      done.push('collected');
      collected.resolve();
    },
    chance: () => 0,
    log: { warn() {}, error() {}, info() {} },
  } as unknown as RoundsPowers;
  await using rounds = new Rounds(powers);
  // The interval is over at once, so that a pass does all that a pass can.
  nowMs = 1_000;
  rounds.start();
  await Promise.race([refused.promise, collected.promise]);
  expect(done).toEqual([]);
  isTakenIn = true;
  wakes.emit('event', { kind: 'storage-node.registered' });
  await collected.promise;
  expect(done).toEqual(['listed', 'listed', 'listed', 'collected']);
});
