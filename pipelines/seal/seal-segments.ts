import { randomBytes } from 'node:crypto';
import { blockId } from './block-id.ts';
import { checkScheme, type Scheme } from './erasure/index.ts';
import { Gate } from './gate.ts';
import { layoutOf, maxSegmentBytes } from './layout.ts';
import { type ManifestSegment, type ManifestSlot, manifestOf, type StorageManifest } from './manifest.ts';
import { type SegmentSecret, segmentKeyOf, type VersionSecret } from './segment-key.ts';
import type { SealThreads } from './threads/seal-threads.ts';
import { untilAborted } from './until-aborted.ts';

/** One Arrow stream to be sealed; the bytes may be used again once the next segment is asked for. */
export interface PlainSegment {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** A block on its way to the storage node of its slot. The bytes are valid until the promise of `put` settles. */
export interface OutgoingFragment {
  readonly slot: number;
  readonly cid: string;
  readonly bytes: Uint8Array;
}

export interface SealOptions {
  readonly version: string;
  /** The version's secret, or what gives each segment's (a compute node has derived keys only). */
  readonly secret: VersionSecret | ((index: number) => SegmentSecret | Promise<SegmentSecret>);
  /** SHA-256 of each slot's share block (32 bytes each, slot order), when the secret has an S. */
  readonly shares?: Uint8Array | undefined;
  /** The claim's fencing token, 0 for a published version. */
  readonly token: number;
  readonly firstSegment: number;
  /** Segments of the whole version when known; otherwise the end of the source is the version's end. */
  readonly segmentCount?: number | undefined;
  readonly scheme: Scheme;
  readonly slots: readonly ManifestSlot[];
  readonly schemaHash: string;
  readonly threads: SealThreads;
  /** Stores a block. A rejection ends the sealing; tolerance for a failing slot is the caller's affair. */
  readonly put: (fragment: OutgoingFragment, options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Puts at once; 4 n unless said otherwise. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where nonces come from; for test vectors only. */
  readonly random?: ((bytes: number) => Uint8Array) | undefined;
}

/**
 * Encrypts, cuts and stores segments as they come and returns the manifest of what was stored. At most one segment per
 * thread and one more are held at once. Refuses an empty source (RangeError); rejects with the first failed put, after
 * all others have settled.
 */
export async function sealSegments(
  source: AsyncIterable<PlainSegment>,
  options: SealOptions,
): Promise<StorageManifest> {
  return new Sealing(options).run(source);
}

interface Staged {
  readonly plain: ArrayBuffer;
  readonly plainBytes: number;
  readonly rows: number;
  readonly index: number;
}

class Sealing {
  readonly #options: SealOptions;
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #segmentsAtOnce: Gate;
  readonly #puts: Gate;
  readonly #done: Promise<ManifestSegment>[] = [];

  constructor(options: SealOptions) {
    const { scheme, slots, shares, secret } = options;
    checkScheme(scheme);
    if (slots.length !== scheme.n) throw new RangeError(`${scheme.n} slots are needed, got ${slots.length}`);
    if (typeof secret !== 'function' && (shares === undefined) !== (secret.s === undefined))
      throw new RangeError('S and its shares come together');
    this.#options = options;
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#failed.signal]) : this.#failed.signal;
    this.#segmentsAtOnce = new Gate(options.threads.count + 1);
    this.#puts = new Gate(options.concurrency ?? 4 * scheme.n);
  }

  async run(source: AsyncIterable<PlainSegment>): Promise<StorageManifest> {
    const { version, scheme, slots, schemaHash, shares, firstSegment, segmentCount } = this.#options;
    let index = firstSegment;
    let held: Staged | undefined;
    try {
      for await (const segment of untilAborted(source, this.#signal)) {
        if (held !== undefined) await this.#begin(held, false);
        if (index >= (segmentCount ?? 0xffff_ffff)) throw new RangeError(`segment ${index} is beyond the stated count`);
        held = this.#stage(segment, index++);
      }
      if (held === undefined) throw new RangeError('there is no segment to seal');
      await this.#begin(held, segmentCount === undefined || index === segmentCount);
    } catch (error) {
      this.#failed.abort(error);
    }
    const settled = await Promise.allSettled(this.#done);
    this.#signal.throwIfAborted();
    const segments = settled.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
    const last = segmentCount === undefined || index === segmentCount;
    return manifestOf({ version, k: scheme.k, n: scheme.n, slots, segments, last, schemaHash, shares });
  }

  /** Copies a segment out of the source's hands. */
  #stage({ bytes, rows }: PlainSegment, index: number): Staged {
    if (bytes.length > maxSegmentBytes) throw new RangeError(`a segment has at most ${maxSegmentBytes} bytes`);
    if (!Number.isSafeInteger(rows) || rows < 0) throw new RangeError(`no number of rows: ${rows}`);
    const plain = this.#options.threads.buffers.take(bytes.length);
    new Uint8Array(plain).set(bytes);
    return { plain, plainBytes: bytes.length, rows, index };
  }

  async #begin(staged: Staged, last: boolean): Promise<void> {
    await this.#segmentsAtOnce.enter();
    this.#signal.throwIfAborted();
    const work = this.#sealOne(staged, last).finally(() => this.#segmentsAtOnce.leave());
    work.catch((error: unknown) => this.#failed.abort(error));
    this.#done.push(work);
  }

  async #sealOne({ plain, plainBytes, rows, index }: Staged, last: boolean): Promise<ManifestSegment> {
    const { version, token, secret, scheme, threads, random = randomBytes } = this.#options;
    const { stripes, fragmentBytes } = layoutOf(plainBytes, scheme.k);
    const own = typeof secret === 'function' ? await secret(index) : secret;
    const reply = await threads.run({
      kind: 'seal',
      plain,
      plainBytes,
      rows,
      context: { version, index, token, last },
      key: segmentKeyOf(own, { version, index, token }),
      nonce: random(12),
      scheme,
      fragments: threads.buffers.take(stripes * scheme.n * fragmentBytes),
    });
    threads.buffers.give(reply.plain);
    await this.#putAll(reply.fragments, reply.digests, stripes, fragmentBytes);
    threads.buffers.give(reply.fragments);
    return { index, rows, token, fragmentBytes, digests: reply.digests };
  }

  /** Waits for every put, also after one has failed: the buffer is theirs until then. */
  async #putAll(fragments: ArrayBuffer, digests: Uint8Array, stripes: number, fragmentBytes: number): Promise<void> {
    const { k, n } = this.#options.scheme;
    const puts: Promise<void>[] = [];
    for (let stripe = 0; stripe < stripes; stripe++)
      for (let slot = 0; slot < n; slot++) {
        const at = slot < k ? stripe * k + slot : stripes * k + stripe * (n - k) + slot - k;
        const digestAt = 32 * (stripe * n + slot);
        const cid = blockId(digests.subarray(digestAt, digestAt + 32));
        const bytes = new Uint8Array(fragments, at * fragmentBytes, fragmentBytes);
        puts.push(this.#puts.run(() => this.#put({ slot, cid, bytes })));
      }
    for (const put of puts) put.catch((error: unknown) => this.#failed.abort(error));
    const settled = await Promise.allSettled(puts);
    for (const result of settled) if (result.status === 'rejected') throw result.reason;
  }

  async #put(fragment: OutgoingFragment): Promise<void> {
    this.#signal.throwIfAborted();
    await this.#options.put(fragment, { signal: this.#signal });
  }
}
