import type { DomainEvent } from '@d-cloud/chaincode/domain';
import { type FollowEventsPowers, followEvents } from './follow-events.ts';
import { pause } from './pause.ts';

export type Work = {
  /** Whether an event is a reason to look at once. */
  readonly wakes: (event: DomainEvent) => boolean;
  /** Does what there is to do now; gives whether nothing is left. What it throws is logged, and is tried again. */
  readonly pass: (signal: AbortSignal) => Promise<boolean>;
  /** Between two passes while something is left: the first time, and at most, each twice as long as the one before. */
  readonly pauseMs: { readonly first: number; readonly most: number };
  /** How long at most until the next pass, even where nothing is left and nothing happens; for ever where this is left out. */
  readonly latestMs?: () => number;
};

/**
 * What the gateway does by itself after something on the ledger: one pass at the start, one after every event that is a reason for it, and more
 * for as long as something is left to do. One pass runs at a time; an event during it is followed by another one. Disposing ends `signal`
 * and waits for the pass.
 */
export class FollowUp implements AsyncDisposable {
  readonly #powers: FollowEventsPowers;
  readonly #work: Work;
  readonly #stopping = new AbortController();
  #woken = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(powers: FollowEventsPowers, work: Work) {
    this.#powers = powers;
    this.#work = work;
  }

  /** Ends when the gateway stops. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  start(): void {
    const wake = () => this.#woken.abort();
    const heard = (event: DomainEvent) => this.#work.wakes(event) && wake();
    this.#running = Promise.all([followEvents(this.#powers, { begun: wake, heard }, this.signal), this.#goOn()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    await this.#running;
  }

  async #goOn(): Promise<void> {
    const { pauseMs, latestMs = () => Number.POSITIVE_INFINITY } = this.#work;
    for (let nextMs = pauseMs.first; !this.signal.aborted; ) {
      this.#woken = new AbortController();
      const woken = this.#woken.signal;
      const isDone = await this.#pass();
      await pause(
        Math.min(isDone ? Number.POSITIVE_INFINITY : nextMs, latestMs()),
        AbortSignal.any([this.signal, woken]),
      );
      nextMs = isDone || woken.aborted ? pauseMs.first : Math.min(nextMs * 2, pauseMs.most);
    }
  }

  async #pass(): Promise<boolean> {
    try {
      return await this.#work.pass(this.signal);
    } catch (error) {
      if (!this.signal.aborted) this.#powers.log.warn({ err: error }, 'this is not done yet and is tried again');
      return false;
    }
  }
}
