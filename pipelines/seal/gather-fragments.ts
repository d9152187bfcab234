import { SealFault } from './fault.ts';
import type { SlotBook } from './slot-book.ts';

export interface GetFragmentOptions {
  readonly signal: AbortSignal;
  /** Where the bytes may be written, and then a view of it returned, to save a copy; never once the signal has aborted. */
  readonly into?: Uint8Array | undefined;
}

/** Fetches one block from the storage node of a slot; rejects when it cannot. It sets its own deadline and need not hash the bytes. */
export type GetFragment = (slot: number, cid: string, options: GetFragmentOptions) => Promise<Uint8Array>;

export interface Hedge {
  /** Requests beyond the needed ones, 1 unless said otherwise. */
  readonly extra?: number | undefined;
  /** When they start. Unless said otherwise at once, and once the slots' speeds are known, when one is late. */
  readonly afterMs?: number | undefined;
}

export interface Gathering {
  readonly need: number;
  readonly candidates: readonly number[];
  readonly cidOf: (slot: number) => string;
  readonly fragmentBytes: number;
  /** Where a slot's fragment is to lie in the end, when that is known before it is asked for. */
  readonly placeOf?: ((slot: number) => Uint8Array | undefined) | undefined;
  readonly get: GetFragment;
  readonly book: SlotBook;
  readonly hedge: Hedge;
  readonly signal: AbortSignal;
}

export interface GatheredFragment {
  readonly slot: number;
  readonly bytes: Uint8Array;
}

/**
 * Fetches `need` fragments of a stripe from the candidate slots: the best ones first, another at once for every
 * failure, and more when they are late; the slower ones are given up. Lengths are checked here, hashes are not.
 * INSUFFICIENT_FRAGMENTS when the candidates are used up.
 */
export function gatherFragments(gathering: Gathering): Promise<GatheredFragment[]> {
  return new Gatherer(gathering).run();
}

/** How long to wait for slots of which nothing is known before asking more of them, until the first has answered. */
const strangersPatienceMs = 250;
const leastPatienceMs = 25;

class Gatherer {
  readonly #gathering: Gathering;
  readonly #queue: number[];
  readonly #extra: number;
  readonly #givenUp = new AbortController();
  readonly #outcome = Promise.withResolvers<GatheredFragment[]>();
  /** When each request that is not settled began. */
  readonly #running = new Map<number, number>();
  readonly #found: GatheredFragment[] = [];
  readonly #causes: unknown[] = [];
  readonly #onAbort = () => this.#end(() => this.#outcome.reject(this.#gathering.signal.reason));
  readonly #patienceMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(gathering: Gathering) {
    const { need, candidates, book, hedge } = gathering;
    this.#gathering = gathering;
    this.#queue = book.order(candidates);
    this.#extra = hedge.extra ?? 1;
    this.#patienceMs = hedge.afterMs ?? book.patienceMs(this.#queue.slice(0, need));
  }

  run(): Promise<GatheredFragment[]> {
    const { need, signal } = this.#gathering;
    if (signal.aborted) return Promise.reject(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    const atOnce = this.#patienceMs > 0 ? 0 : this.#extra;
    if (this.#queue.length >= need) {
      this.#askMore(need + atOnce);
      this.#askLater(this.#patienceMs > 0 ? this.#patienceMs : strangersPatienceMs);
    }
    this.#endWhenHopeless();
    return this.#outcome.promise;
  }

  #askMore(count: number): void {
    for (const slot of this.#queue.splice(0, count)) {
      this.#running.set(slot, performance.now());
      this.#ask(slot).then(
        (bytes) => this.#settle(slot, bytes),
        (cause: unknown) => this.#settle(slot, undefined, cause),
      );
    }
  }

  async #ask(slot: number): Promise<Uint8Array> {
    const { get, cidOf, placeOf } = this.#gathering;
    return get(slot, cidOf(slot), { signal: this.#givenUp.signal, into: placeOf?.(slot) });
  }

  #askLater(patienceMs: number): void {
    clearTimeout(this.#timer);
    if (this.#queue.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#askMore(Math.max(1, this.#extra));
      this.#askLater(Math.max(patienceMs, leastPatienceMs));
    }, patienceMs);
  }

  #settle(slot: number, bytes: Uint8Array | undefined, cause?: unknown): void {
    const beganMs = this.#running.get(slot);
    if (beganMs === undefined) return;
    this.#running.delete(slot);
    if (bytes?.length === this.#gathering.fragmentBytes) this.#arrive(slot, bytes, performance.now() - beganMs);
    else this.#miss(slot, cause ?? new SealFault('FRAGMENT_CORRUPT', `slot ${slot} gave ${bytes?.length} bytes`));
  }

  #arrive(slot: number, bytes: Uint8Array, latencyMs: number): void {
    const { need, book, hedge } = this.#gathering;
    book.answered(slot, latencyMs);
    this.#found.push({ slot, bytes });
    if (this.#found.length === need) this.#end(() => this.#outcome.resolve(this.#found));
    else if (this.#found.length === 1 && hedge.afterMs === undefined)
      this.#askLater(Math.max(leastPatienceMs, 2 * latencyMs));
  }

  #miss(slot: number, cause: unknown): void {
    this.#gathering.book.failed(slot);
    this.#causes.push(cause);
    this.#askMore(1);
    this.#endWhenHopeless();
  }

  #endWhenHopeless(): void {
    const { need, candidates } = this.#gathering;
    if (this.#found.length + this.#running.size + this.#queue.length >= need) return;
    const missing = `${this.#found.length} of ${need} needed fragments are to be had from ${candidates.length} slots`;
    const cause = new AggregateError(this.#causes);
    this.#end(() => this.#outcome.reject(new SealFault('INSUFFICIENT_FRAGMENTS', missing, { cause })));
  }

  #end(settle: () => void): void {
    clearTimeout(this.#timer);
    this.#gathering.signal.removeEventListener('abort', this.#onAbort);
    for (const [slot, beganMs] of this.#running) this.#gathering.book.outrun(slot, performance.now() - beganMs);
    this.#running.clear();
    settle();
    this.#givenUp.abort();
  }
}
