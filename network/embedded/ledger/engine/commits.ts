import type { Code } from '../wire/proposal.ts';

/** Where a transaction lies and what became of it. */
export interface Committed {
  readonly blockNumber: number;
  readonly txNumber: number;
  readonly code: Code;
}

interface Waiting {
  resolve(committed: Committed): void;
  reject(cause: unknown): void;
}

/** The index of transactions by id (the first of doubled ones), and those who wait for one. */
export class Commits {
  readonly #known = new Map<string, Committed>();
  readonly #waiting = new Map<string, Set<Waiting>>();
  #failure: unknown;

  get(txId: string): Committed | undefined {
    return this.#known.get(txId);
  }

  add(txId: string, committed: Committed): void {
    if (txId !== '' && !this.#known.has(txId)) this.#known.set(txId, committed);
  }

  /** Tells those who wait; call when the block is durable and its state visible. */
  announce(txId: string): void {
    const waiting = this.#waiting.get(txId);
    const committed = this.#known.get(txId);
    if (waiting === undefined || committed === undefined) return;
    this.#waiting.delete(txId);
    for (const each of waiting) each.resolve(committed);
  }

  /** Waits for ever for an id that never comes, as a real peer does; the signal ends it. */
  wait(txId: string, signal: AbortSignal): Promise<Committed> {
    const known = this.#known.get(txId);
    if (known !== undefined) return Promise.resolve(known);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(txId) ?? new Set();
      this.#waiting.set(txId, waiting);
      const gone = (): void => {
        waiting.delete(each);
        if (waiting.size === 0) this.#waiting.delete(txId);
        reject(signal.reason);
      };
      const each: Waiting = {
        resolve: (committed) => {
          signal.removeEventListener('abort', gone);
          resolve(committed);
        },
        reject,
      };
      waiting.add(each);
      signal.addEventListener('abort', gone, { once: true });
    });
  }

  /** No block can be written any more: nobody is told that anything was committed. */
  fail(cause: unknown): void {
    this.#failure = cause;
    for (const waiting of this.#waiting.values()) for (const each of waiting) each.reject(cause);
    this.#waiting.clear();
  }
}
