import { SealFault } from './fault.ts';
import type { SlotBook } from './slot-book.ts';

/** Fetches one block from the storage node of a slot; rejects when it cannot. It sets its own deadline. */
export type GetFragment = (slot: number, cid: string, options: { readonly signal: AbortSignal }) => Promise<Uint8Array>;

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
  const { need, candidates, cidOf, fragmentBytes, get, book, hedge, signal } = gathering;
  const { promise, resolve, reject } = Promise.withResolvers<GatheredFragment[]>();
  const queue = book.order(candidates);
  const extra = hedge.extra ?? 1;
  const patienceMs = hedge.afterMs ?? book.patienceMs(queue.slice(0, need));
  const given = new AbortController();
  const running = new Map<number, number>();
  const found: GatheredFragment[] = [];
  const causes: unknown[] = [];
  let timer: NodeJS.Timeout | undefined;

  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    for (const [slot, sinceMs] of running) book.outrun(slot, performance.now() - sinceMs);
    running.clear();
    given.abort();
  };
  const abort = () => {
    end();
    reject(signal.reason);
  };
  const arrive = (slot: number, bytes: Uint8Array) => {
    found.push({ slot, bytes });
    if (found.length < need) return;
    end();
    resolve(found);
  };
  const miss = (slot: number, cause: unknown) => {
    book.failed(slot);
    causes.push(cause);
    ask();
    giveUpWhenHopeless();
  };
  const giveUpWhenHopeless = () => {
    if (found.length + running.size + queue.length >= need) return;
    end();
    const missing = `${found.length} of ${need} needed fragments are to be had from ${candidates.length} slots`;
    reject(new SealFault('INSUFFICIENT_FRAGMENTS', missing, { cause: new AggregateError(causes) }));
  };
  const ask = () => {
    const slot = queue.shift();
    if (slot === undefined) return;
    const sinceMs = performance.now();
    running.set(slot, sinceMs);
    const settle = (bytes: Uint8Array | undefined, cause?: unknown) => {
      if (!running.delete(slot)) return;
      if (bytes?.length === fragmentBytes) {
        book.answered(slot, performance.now() - sinceMs);
        arrive(slot, bytes);
      } else miss(slot, cause ?? new SealFault('FRAGMENT_CORRUPT', `slot ${slot} gave ${bytes?.length} bytes`));
    };
    const request = async () => get(slot, cidOf(slot), { signal: given.signal });
    request().then(
      (bytes) => settle(bytes),
      (cause: unknown) => settle(undefined, cause),
    );
  };
  const late = () => {
    for (let more = 0; more < Math.max(1, extra); more++) ask();
    if (queue.length > 0) timer = setTimeout(late, Math.max(patienceMs, 25));
  };

  if (signal.aborted) return Promise.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (queue.length < need) giveUpWhenHopeless();
  else {
    for (let started = 0; started < need + (patienceMs > 0 ? 0 : extra); started++) ask();
    timer = setTimeout(late, patienceMs > 0 ? patienceMs : 250);
  }
  return promise;
}
