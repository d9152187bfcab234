import { Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import { Heartbeat, type Pulse } from './heartbeat.ts';

/** Collects what is sent and resolves `after(n)` with the nth. */
function gateway(answer: (count: number) => Promise<void> = async () => undefined) {
  const sent: Pulse[] = [];
  const waiting = new Map<number, () => void>();
  return {
    sent,
    send: (pulse: Pulse) => {
      sent.push(pulse);
      waiting.get(sent.length)?.();
      return answer(sent.length);
    },
    after: (count: number) =>
      new Promise<void>((resolve) => (sent.length >= count ? resolve() : waiting.set(count, resolve))),
  };
}

describe('a heartbeat', () => {
  test('is sent at once and again at every interval, with what was told last', async () => {
    const requester = gateway();
    using heartbeat = new Heartbeat(requester.send, 1);
    expect(requester.sent).toEqual([{ rowsDone: 0, stage: 'claimed' }]);
    heartbeat.tell({ stage: 'rows' });
    heartbeat.tell({ rowsDone: 7 });
    await requester.after(2);
    expect(requester.sent[1]).toEqual({ rowsDone: 7, stage: 'rows' });
  });

  test('ends the claim when the gateway refuses it, with its reason', async () => {
    const refusal = new Refusal('FENCED', 'token 1 is not current');
    const requester = gateway(() => Promise.reject(refusal));
    using heartbeat = new Heartbeat(requester.send, 3_600_000);
    await new Promise((resolve) => heartbeat.lost.addEventListener('abort', resolve));
    expect(heartbeat.lost.reason).toBe(refusal);
  });

  test('goes on when the gateway is away: a running claim finishes without it', async () => {
    const requester = gateway(() => Promise.reject(new Fault('unavailable', 'away')));
    using heartbeat = new Heartbeat(requester.send, 1);
    await requester.after(3);
    expect(heartbeat.lost.aborted).toBe(false);
  });

  test('is not sent while the one before has no answer, so that a slow gateway gets no queue of them', async () => {
    const first = Promise.withResolvers<void>();
    const requester = gateway((count) => (count === 1 ? first.promise : Promise.resolve()));
    using heartbeat = new Heartbeat(requester.send, 1);
    // Another heartbeat on a timer of the same length shows that intervals have gone by.
    const clock = gateway();
    using _ticking = new Heartbeat(clock.send, 1);
    await clock.after(5);
    expect(requester.sent).toHaveLength(1);
    heartbeat.tell({ rowsDone: 3 });
    first.resolve();
    await requester.after(2);
    expect(requester.sent[1]?.rowsDone).toBe(3);
  });
});
