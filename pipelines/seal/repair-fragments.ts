import { blockId } from './block-id.ts';
import { type GetFragment, gatherFragments, type Hedge } from './gather-fragments.ts';
import { inOrder } from './in-order.ts';
import { fragmentDigest, type ManifestSegment, type StorageManifest, stripeCount } from './manifest.ts';
import { SlotBook } from './slot-book.ts';
import type { SealThreads } from './threads/seal-threads.ts';

export interface StripeName {
  readonly segment: number;
  readonly stripe: number;
}

export interface RepairOptions {
  /** The slots whose fragments are to be made again; they are not asked for anything. At most n - k. */
  readonly lost: readonly number[];
  /** Which stripes; all of the manifest unless said otherwise. */
  readonly stripes?: Iterable<StripeName> | undefined;
  readonly get: GetFragment;
  readonly threads: SealThreads;
  readonly hedge?: Hedge | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A fragment made again; it hashes to what the manifest says. */
export interface RepairedFragment extends StripeName {
  readonly slot: number;
  readonly cid: string;
  readonly bytes: Uint8Array;
}

/**
 * Computes lost fragments from k others of their stripe, without keys: the same bytes, so the same content ids, checked
 * before they are yielded. INSUFFICIENT_FRAGMENTS where fewer than k can be gathered.
 */
export async function* repairFragments(
  manifest: StorageManifest,
  options: RepairOptions,
): AsyncGenerator<RepairedFragment, void, undefined> {
  if (
    new Set(options.lost).size !== options.lost.length ||
    options.lost.some((slot) => !(slot >= 0 && slot < manifest.n))
  )
    throw new RangeError(`lost slots are different and below ${manifest.n}`);
  const stopped = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stopped.signal]) : stopped.signal;
  const book = new SlotBook(manifest.n);
  const names = options.stripes ?? everyStripe(manifest);
  const stripes = inOrder(
    names,
    1,
    (name) => repairStripe(manifest, name, options, book, signal),
    () => stopped.abort(new Error('the repair has stopped')),
  );
  for await (const fragments of stripes) yield* fragments;
}

function* everyStripe(manifest: StorageManifest): Generator<StripeName> {
  for (const segment of manifest.segments)
    for (let stripe = 0; stripe < stripeCount(manifest, segment); stripe++) yield { segment: segment.index, stripe };
}

function segmentOf(manifest: StorageManifest, { segment: index, stripe }: StripeName): ManifestSegment {
  const segment = manifest.segments[index - (manifest.segments[0]?.index ?? 0)];
  if (segment === undefined || !(stripe >= 0 && stripe < stripeCount(manifest, segment)))
    throw new RangeError(`the manifest has no stripe ${stripe} of segment ${index}`);
  return segment;
}

async function repairStripe(
  manifest: StorageManifest,
  name: StripeName,
  { lost, get, threads, hedge = {} }: RepairOptions,
  book: SlotBook,
  signal: AbortSignal,
): Promise<RepairedFragment[]> {
  const segment = segmentOf(manifest, name);
  const { k, n } = manifest;
  const { fragmentBytes } = segment;
  const digestOf = (slot: number) => fragmentDigest(manifest, segment, name.stripe, slot);
  const tried = new Set(lost);
  let sealed = threads.buffers.take(k * fragmentBytes);
  const present: number[] = Array.from({ length: k }, () => -1);
  for (;;) {
    const places = present.flatMap((slot, position) => (slot < 0 ? [position] : []));
    const fragments = await gatherFragments({
      need: places.length,
      candidates: Array.from({ length: n }, (_, slot) => slot).filter((slot) => !tried.has(slot)),
      cidOf: (slot) => blockId(digestOf(slot)),
      fragmentBytes,
      get,
      book,
      hedge,
      signal,
    });
    fragments.forEach(({ slot, bytes }, at) => {
      const position = places[at] as number;
      present[position] = slot;
      tried.add(slot);
      new Uint8Array(sealed).set(bytes, position * fragmentBytes);
    });
    const digests = Buffer.concat([...present, ...lost].map(digestOf));
    const reply = await threads.run({
      kind: 'repair',
      sealed,
      fragmentBytes,
      present,
      wanted: lost,
      digests,
      scheme: { k, n },
    });
    sealed = reply.sealed;
    if (reply.kind === 'repair') {
      threads.buffers.give(sealed);
      return lost.map((slot, at) => ({
        ...name,
        slot,
        cid: blockId(digestOf(slot)),
        bytes: new Uint8Array(reply.recovered, at * fragmentBytes, fragmentBytes),
      }));
    }
    for (const { position } of reply.bad) {
      book.failed(present[position] as number);
      present[position] = -1;
    }
  }
}
