import type { DomainEvent } from '@d-cloud/chaincode/domain';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { FollowEventsPowers } from './follow-events.ts';
import { FollowUp, type Work } from './follow-up.ts';

/** A ledger whose streams of events a test feeds and breaks. */
class Streams {
  readonly #waiting: PromiseWithResolvers<string>[] = [];
  #begun = Promise.withResolvers<void>();
  opened = 0;

  readonly readModel = {
    head: { block: 1, transaction: 0, index: 0 },
    events: ({ signal }: { signal: AbortSignal }) => this.#stream(signal),
  } as unknown as FollowEventsPowers['readModel'];

  async *#stream(signal: AbortSignal) {
    this.opened++;
    const over = new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    for (;;) {
      const next = Promise.withResolvers<string>();
      this.#waiting.push(next);
      this.#begun.resolve();
      yield { event: { kind: await Promise.race([next.promise, over]) } };
    }
  }

  async #listener(): Promise<PromiseWithResolvers<string>> {
    await this.#begun.promise;
    this.#begun = Promise.withResolvers();
    return this.#waiting.pop()!;
  }

  /** Tells whoever listens, once somebody does. */
  async tell(kind: string): Promise<void> {
    (await this.#listener()).resolve(kind);
  }

  async fail(): Promise<void> {
    (await this.#listener()).reject(new Error('the stream broke'));
  }
}

/** Follows with passes that give what a test says, one after the other; `passed` resolves at the beginning of the nth. */
function follow(
  streams: Streams,
  pass: (nth: number, signal: AbortSignal) => Promise<boolean>,
  change: Partial<Work> = {},
) {
  let passes = 0;
  const waiting = new Map<number, () => void>();
  const followUp = new FollowUp(
    { readModel: streams.readModel, log: pino({ level: 'silent' }) },
    {
      wakes: ({ kind }: DomainEvent) => kind === 'grant.revoked',
      pass: (signal) => {
        const result = pass(++passes, signal);
        waiting.get(passes)?.();
        return result;
      },
      pauseMs: { first: 600_000, most: 600_000 },
      ...change,
    },
  );
  followUp.start();
  const passed = (nth: number) =>
    passes >= nth ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(nth, resolve));
  return { passed, passes: () => passes, [Symbol.asyncDispose]: () => followUp[Symbol.asyncDispose]() };
}

test('looks once at the start, and again after each event that is a reason for it and no other', async () => {
  const streams = new Streams();
  await using following = follow(streams, async () => true);
  await following.passed(1);
  await streams.tell('job.finished');
  await streams.tell('grant.revoked');
  await following.passed(2);
  await streams.tell('grant.revoked');
  await following.passed(3);
  expect(following.passes()).toBe(3);
});

test('an event during a pass is followed by another one', async () => {
  const streams = new Streams();
  const gate = Promise.withResolvers<boolean>();
  await using following = follow(streams, (nth) => (nth === 1 ? gate.promise : Promise.resolve(true)));
  await following.passed(1);
  await streams.tell('grant.revoked');
  // Whoever takes the next event has heard the one before.
  await streams.tell('job.finished');
  expect(following.passes()).toBe(1);
  gate.resolve(true);
  await following.passed(2);
});

test('events that fail are followed again, and looked after at once: some may have gone by unheard', async () => {
  const streams = new Streams();
  await using following = follow(streams, async () => true);
  await following.passed(1);
  await streams.fail();
  await following.passed(2);
  await streams.fail();
  await following.passed(3);
  expect(streams.opened).toBe(3);
  await streams.tell('grant.revoked');
  await following.passed(4);
});

test('what is not done, or fails, is tried again until it is done', async () => {
  const results = [() => Promise.resolve(false), () => Promise.reject(new Error('away')), () => Promise.resolve(true)];
  const pauseMs = { first: 1, most: 2 };
  await using following = follow(new Streams(), (nth) => results[nth - 1]!(), { pauseMs });
  await following.passed(3);
});

test('the next pass comes no later than it is said, although nothing happens', async () => {
  await using following = follow(new Streams(), async () => true, { latestMs: () => 1 });
  await following.passed(3);
});

test('a stop ends the signal of the pass, waits for it, and nothing begins after it', async () => {
  const ended = Promise.withResolvers<void>();
  const following = follow(
    new Streams(),
    (_, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          ended.resolve();
          resolve(false);
        }),
      ),
    { pauseMs: { first: 1, most: 1 } },
  );
  await following.passed(1);
  await following[Symbol.asyncDispose]();
  await ended.promise;
  expect(following.passes()).toBe(1);
});
