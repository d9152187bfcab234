/** Wakes whoever waits when something may have changed, and at every interval in any case. A wake nobody waits for is kept for the next. */
export class Wake implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #pending = false;
  #waiting: (() => void) | undefined;

  constructor(intervalMs: number) {
    this.#timer = setInterval(() => this.now(), intervalMs);
  }

  now(): void {
    this.#pending = true;
    this.#waiting?.();
  }

  /** Resolves at the next wake, or at once when one is pending or the signal is aborted. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#waiting = undefined;
        this.#pending = false;
        resolve();
      };
      if (this.#pending || signal.aborted) return done();
      this.#waiting = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
