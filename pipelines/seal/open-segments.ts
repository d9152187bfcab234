import { blockId } from './block-id.ts';
import { SealFault } from './fault.ts';
import { Gate } from './gate.ts';
import { type GatheredFragment, type GetFragment, gatherFragments, type Hedge } from './gather-fragments.ts';
import { inOrder } from './in-order.ts';
import { fragmentDigest, type ManifestSegment, type StorageManifest, stripeCount } from './manifest.ts';
import { type SegmentSecret, segmentKeyOf } from './segment-key.ts';
import { SlotBook } from './slot-book.ts';
import type { SealThreads } from './threads/seal-threads.ts';

export interface OpenOptions {
  readonly secretFor: (index: number) => SegmentSecret | Promise<SegmentSecret>;
  readonly get: GetFragment;
  readonly threads: SealThreads;
  /** Segment indexes `from` up to but not including `to`; everything the manifest has unless said otherwise. */
  readonly range?: { readonly from: number; readonly to: number } | undefined;
  readonly hedge?: Hedge | undefined;
  /** Segments begun before the one that is read is yielded; 2 unless said otherwise. Memory grows with it. */
  readonly lookAhead?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenedSegment {
  readonly index: number;
  readonly rows: number;
  /** The segment's plaintext, the receiver's to keep. */
  readonly bytes: Uint8Array;
}

/** The segments that hold rows `first` up to but not including `end` of the version, for a range read. */
export function segmentsOfRows(manifest: StorageManifest, first: number, end: number): { from: number; to: number } {
  let row = 0;
  const touched: number[] = [];
  for (const segment of manifest.segments) {
    if (row < end && row + segment.rows > first) touched.push(segment.index);
    row += segment.rows;
  }
  const from = touched[0] ?? manifest.segments[0]?.index ?? 0;
  return { from, to: (touched.at(-1) ?? from - 1) + 1 };
}

/**
 * Gathers, checks, decodes and decrypts segments, in order and with bounded memory. A block that is late, missing or
 * not the one asked for is replaced from another slot; INSUFFICIENT_FRAGMENTS when fewer than k are left, and
 * SEGMENT_CORRUPT when right blocks do not open with the key.
 */
export async function* openSegments(
  manifest: StorageManifest,
  options: OpenOptions,
): AsyncGenerator<OpenedSegment, void, undefined> {
  const stopped = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stopped.signal]) : stopped.signal;
  const { from, to } = options.range ?? { from: 0, to: Number.POSITIVE_INFINITY };
  const wanted = manifest.segments.filter(({ index }) => index >= from && index < to);
  const book = new SlotBook(manifest.n);
  const stripes = new Gate(8);
  yield* inOrder(
    wanted,
    options.lookAhead ?? 2,
    (segment) => new SegmentOpening(manifest, segment, options, { book, stripes, signal }).run(),
    () => stopped.abort(new Error('the reader has stopped')),
  );
}

interface Shared {
  readonly book: SlotBook;
  readonly stripes: Gate;
  readonly signal: AbortSignal;
}

class SegmentOpening {
  readonly #manifest: StorageManifest;
  readonly #segment: ManifestSegment;
  readonly #options: OpenOptions;
  readonly #shared: Shared;
  /** Slot whose fragment stands at each data position, per stripe; -1 while there is none. */
  readonly #present: number[][];
  /** Slots that gave something else than their block, per stripe. */
  readonly #liars: Set<number>[];
  #sealed: ArrayBuffer;

  constructor(manifest: StorageManifest, segment: ManifestSegment, options: OpenOptions, shared: Shared) {
    this.#manifest = manifest;
    this.#segment = segment;
    this.#options = options;
    this.#shared = shared;
    const stripes = stripeCount(manifest, segment);
    this.#present = Array.from({ length: stripes }, () => Array.from({ length: manifest.k }, () => -1));
    this.#liars = Array.from({ length: stripes }, () => new Set());
    this.#sealed = options.threads.buffers.take(stripes * manifest.k * segment.fragmentBytes);
  }

  async run(): Promise<OpenedSegment> {
    const { index, token, rows, fragmentBytes } = this.#segment;
    const { version, k, n } = this.#manifest;
    const { threads, secretFor } = this.#options;
    const key = segmentKeyOf(await secretFor(index), { version, index, token });
    const last = this.#manifest.last && index === this.#manifest.segments.at(-1)?.index;
    for (;;) {
      await this.#fill();
      const reply = await threads.run({
        kind: 'open',
        sealed: this.#sealed,
        fragmentBytes,
        present: this.#present,
        digests: this.#expected(),
        context: { version, index, token, last },
        key,
        scheme: { k, n },
      });
      this.#sealed = reply.sealed;
      if (reply.kind === 'open') {
        threads.buffers.give(reply.sealed);
        if (reply.rows === rows) return { index, rows, bytes: reply.bytes };
        throw new SealFault('SEGMENT_CORRUPT', `segment ${index} has ${reply.rows} rows, its manifest says ${rows}`);
      }
      for (const { stripe, position } of reply.bad) this.#reject(stripe, position);
    }
  }

  #reject(stripe: number, position: number): void {
    const slots = this.#present[stripe] as number[];
    const slot = slots[position] as number;
    this.#liars[stripe]?.add(slot);
    this.#shared.book.failed(slot);
    slots[position] = -1;
  }

  /** Gathers what is missing of every stripe, several stripes at once. When one fails, so does the segment. */
  async #fill(): Promise<void> {
    const { stripes, signal } = this.#shared;
    const failed = new AbortController();
    const both = AbortSignal.any([signal, failed.signal]);
    const filled = await Promise.allSettled(
      this.#present.map((_, stripe) =>
        stripes
          .run(() => this.#fillStripe(stripe, both))
          .catch((error: unknown) => {
            failed.abort(error);
            throw error;
          }),
      ),
    );
    both.throwIfAborted();
    for (const result of filled) if (result.status === 'rejected') throw result.reason;
  }

  async #fillStripe(stripe: number, signal: AbortSignal): Promise<void> {
    const { k, n } = this.#manifest;
    const slots = this.#present[stripe] as number[];
    const need = slots.filter((slot) => slot < 0).length;
    if (need === 0) return;
    const tried = new Set([...slots, ...(this.#liars[stripe] ?? [])]);
    const sealed = this.#sealed;
    const { fragmentBytes } = this.#segment;
    const placeAt = (position: number) =>
      new Uint8Array(sealed, (stripe * k + position) * fragmentBytes, fragmentBytes);
    const fragments = await gatherFragments({
      need,
      candidates: Array.from({ length: n }, (_, slot) => slot).filter((slot) => !tried.has(slot)),
      cidOf: (slot) => blockId(fragmentDigest(this.#manifest, this.#segment, stripe, slot)),
      fragmentBytes,
      placeOf: (slot) => (slot < k && slots[slot] === -1 ? placeAt(slot) : undefined),
      get: this.#options.get,
      book: this.#shared.book,
      hedge: this.#options.hedge ?? {},
      signal,
    });
    const place = ({ slot, bytes }: GatheredFragment, position: number) => {
      slots[position] = slot;
      const there = placeAt(position);
      if (bytes.buffer !== sealed || bytes.byteOffset !== there.byteOffset) there.set(bytes);
    };
    // Data fragments go to their own places, others stand in for missing ones.
    const fits = ({ slot }: GatheredFragment) => slot < k && slots[slot] === -1;
    for (const fragment of fragments.filter(fits)) place(fragment, fragment.slot);
    for (const fragment of fragments.filter(({ slot }) => !slots.includes(slot))) place(fragment, slots.indexOf(-1));
  }

  #expected(): Uint8Array {
    const digests = this.#present.flatMap((slots, stripe) =>
      slots.map((slot) => fragmentDigest(this.#manifest, this.#segment, stripe, slot)),
    );
    return Buffer.concat(digests);
  }
}
