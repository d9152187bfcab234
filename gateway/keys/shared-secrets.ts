import { Fault } from '@d-cloud/network/ledger';
import {
  type GetFragment,
  gatherSecret,
  SealFault,
  type SharedSecret,
  type StorageManifest,
} from '@d-cloud/pipelines/seal';

/** The shares of a version's S: which blocks they are, where they lie, and why they may be read. */
export type SharesAt = SharedSecret & {
  /** Storage nodes in slot order. */
  readonly storageNodes: readonly string[];
  /** The words of the right that other organizations' gateways are shown. */
  readonly right: readonly string[];
};

export type SharedSecretsPowers = {
  /** What gets blocks from these storage nodes, in slot order, under a right. */
  readonly blocksAt: (storageNodes: readonly string[], right: readonly string[]) => { readonly get: GetFragment };
  /** How long an S stays in memory after it was gathered. */
  readonly keepMs?: number;
};

const usualKeepMs = 5_000;
const mostKept = 64;
/** All of a gathering together: it asks no storage node for longer. */
const gatherWithinMs = 15_000;

type Kept = { readonly s: Promise<Uint8Array>; readonly stop: AbortController; timer?: NodeJS.Timeout };

/**
 * Puts the S of versions together from the shares on storage nodes, whenever one is needed. An S is never written anywhere; it stays in
 * memory for seconds, because the claims of a job follow each other, and is then overwritten.
 */
export class SharedSecrets implements Disposable {
  readonly #powers: SharedSecretsPowers;
  /** By the digests of the shares, hex; the oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(powers: SharedSecretsPowers) {
    this.#powers = powers;
  }

  /**
   * Lends S for as long as `act` runs and clears it then; nothing is lent of a version without shares. Faults: `unavailable` while
   * fewer than k shares are to be had, `corrupt` for shares that are none.
   */
  async lend<T>(
    shares: SharesAt | undefined,
    act: (s: Uint8Array | undefined) => T | Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const s = shares && (await this.#copy(shares, signal));
    try {
      return await act(s);
    } finally {
      s?.fill(0);
    }
  }

  /** Keeps for the usual seconds an S that was just made. Takes the bytes over. */
  keep(digests: Uint8Array, s: Uint8Array): void {
    this.#keep(nameOf(digests), { s: Promise.resolve(s), stop: new AbortController() });
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#kept.keys()]) this.#forget(name);
  }

  async #copy(shares: SharesAt, signal: AbortSignal | undefined): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const name = nameOf(shares.shares);
    const kept = this.#kept.get(name) ?? this.#gather(name, shares);
    // Copied as soon as it is there: the kept one is overwritten when its time is over.
    const copied = kept.s.then((s) => Uint8Array.from(s));
    if (signal === undefined) return copied;
    const gone = Promise.withResolvers<never>();
    const leave = () => gone.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([copied, gone.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      if (signal.aborted) copied.then(clear, () => {});
    }
  }

  #gather(name: string, { storageNodes, right, ...shared }: SharesAt): Kept {
    const blocks = this.#powers.blocksAt(storageNodes, right);
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(gatherWithinMs)]);
    const s = gatherSecret(shared, { get: (slot, cid, options) => blocks.get(slot, cid, options), signal }).catch(
      (cause: unknown) => {
        if (cause instanceof SealFault) throw new Fault(cause.kind, cause.message, { cause });
        if (signal.aborted) throw new Fault('unavailable', 'The shares of S did not come in time.', { cause });
        throw cause;
      },
    );
    const kept = { s, stop };
    this.#keep(name, kept);
    return kept;
  }

  #keep(name: string, kept: Kept): void {
    this.#forget(name);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= mostKept && oldest !== undefined) this.#forget(oldest);
    this.#kept.set(name, kept);
    const forget = () => this.#kept.get(name) === kept && this.#forget(name);
    kept.s.then(() => {
      kept.timer = setTimeout(forget, this.#powers.keepMs ?? usualKeepMs);
      kept.timer.unref();
    }, forget);
  }

  #forget(name: string): void {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    this.#kept.delete(name);
    kept.stop.abort(new Error('the S is not kept any more'));
    clearTimeout(kept.timer);
    kept.s.then(clear, () => {});
  }
}

/** Where the shares of a version lie: as its manifest says, or where its blocks are now. Nothing for a version without S. */
export function sharesAt(
  { k, n, shares, slots }: StorageManifest,
  now: readonly { readonly storageNode: string }[] | undefined,
  right: readonly string[],
): SharesAt | undefined {
  if (shares === undefined) return undefined;
  const places = now ?? slots.toSorted((a, b) => a.slot - b.slot);
  return { k, n, shares, storageNodes: places.map(({ storageNode }) => storageNode), right };
}

function nameOf(digests: Uint8Array): string {
  return Buffer.from(digests).toString('hex');
}

function clear(s: Uint8Array): void {
  s.fill(0);
}
