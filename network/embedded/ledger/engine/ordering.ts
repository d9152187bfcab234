import { HeaderType } from '../wire/envelope.ts';
import type { LedgerTransaction } from './transaction.ts';

/** When a block is cut. With `waitMs` 0 it is cut as soon as the one before is on disk, so load makes blocks larger. */
export interface Cut {
  readonly maxCount: number;
  /** Of the transactions in one block together; a larger one gets a block of its own. */
  readonly maxBytes: number;
  readonly waitMs: number;
}

/** Runs something later; given, so that tests order events as they like. */
export interface Later {
  soon(run: () => void): void;
  after(ms: number, run: () => void): void;
}

export const realTime: Later = {
  soon: (run) => void setImmediate(run),
  after: (ms, run) => void setTimeout(run, ms),
};

const isConfig = ({ header }: LedgerTransaction): boolean => header.type === HeaderType.CONFIG;

/** Puts transactions in order and hands them on in blocks, one block at a time; a config transaction has a block of its own. */
export class Ordering {
  readonly #cut: () => Cut;
  readonly #later: Later;
  readonly #store: (transactions: readonly LedgerTransaction[]) => Promise<void>;
  readonly #failed: (cause: unknown) => void;
  #queue: LedgerTransaction[] = [];
  #running: Promise<void> | undefined;
  #stopped = false;

  /** `cut` is asked anew for each block. */
  constructor(
    cut: () => Cut,
    later: Later,
    store: (transactions: readonly LedgerTransaction[]) => Promise<void>,
    failed: (cause: unknown) => void,
  ) {
    this.#cut = cut;
    this.#later = later;
    this.#store = store;
    this.#failed = failed;
  }

  add(transaction: LedgerTransaction): void {
    if (this.#stopped) throw new Error('The ledger takes no more transactions.');
    this.#queue.push(transaction);
    this.#running ??= this.#run();
  }

  /** Takes no more, and resolves when the block being written is on disk. What still waits is dropped: nobody was told. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      const { waitMs } = this.#cut();
      await new Promise<void>((go) => (waitMs > 0 ? this.#later.after(waitMs, go) : this.#later.soon(go)));
      while (this.#queue.length > 0 && !this.#stopped) {
        await this.#store(this.#next());
        const { waitMs, maxCount } = this.#cut();
        if (waitMs > 0 && this.#queue.length > 0 && this.#queue.length < maxCount) {
          await new Promise<void>((go) => this.#later.after(waitMs, go));
        }
      }
    } catch (cause) {
      this.#stopped = true;
      this.#failed(cause);
    } finally {
      this.#running = undefined;
    }
  }

  #next(): readonly LedgerTransaction[] {
    const { maxCount, maxBytes } = this.#cut();
    let count = 0;
    let bytes = 0;
    for (const transaction of this.#queue) {
      bytes += transaction.bytes.length;
      if (count === maxCount || (count > 0 && (bytes > maxBytes || isConfig(transaction)))) break;
      count++;
      if (isConfig(transaction)) break;
    }
    return this.#queue.splice(0, count);
  }
}
