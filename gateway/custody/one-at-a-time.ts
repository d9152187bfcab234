import type { VersionId } from '@d-cloud/chaincode/domain';

/** One task at a time for each version, in the order in which they were asked for, so that two repairs never work against each other. */
export class OneAtATime {
  readonly #signal: AbortSignal;
  readonly #last = new Map<VersionId, Promise<unknown>>();

  /** After the signal ends nothing begins any more. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  run<T>(version: VersionId, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(version) ?? Promise.resolve();
    const begun = before
      .catch(() => {})
      .then(() => {
        this.#signal.throwIfAborted();
        return act();
      });
    this.#last.set(version, begun);
    const done = () => this.#last.get(version) === begun && this.#last.delete(version);
    begun.then(done, done);
    return begun;
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#last.values());
  }
}
