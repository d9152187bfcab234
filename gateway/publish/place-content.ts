import { Worker } from 'node:worker_threads';
import { Fault } from '@d-cloud/network/ledger';
import { Rejection } from '../http/problem.ts';
import {
  type FromUploadThread,
  type PlacedContent,
  placeBytes,
  placeCount,
  type ToUploadThread,
  type UploadInit,
  type UploadThreadInit,
} from './upload-messages.ts';

export type PlaceContentOptions = {
  readonly signal: AbortSignal;
  /** The thread is ended when it has bytes and says nothing for so long: foreign bytes can hang a parser for ever. */
  readonly silenceMs?: number;
  /** The upload is refused when its sender says nothing for so long. */
  readonly senderSilenceMs?: number;
  readonly limitBytes: number;
};

/**
 * Streams an upload into a thread of its own that cuts, seals and puts it, and gives what came of it. Memory is bounded on both sides: bytes are
 * handed over in shared memory that is used again and again, so that they leave this thread's collector nothing to do.
 * Throws `Rejection` for content that is not what it says, `Fault` when placing failed; blocks already put are then left to the caller.
 */
export async function placeContent(
  content: AsyncIterable<Uint8Array>,
  init: UploadInit,
  options: PlaceContentOptions,
): Promise<PlacedContent> {
  const places = new SharedArrayBuffer(placeCount * placeBytes);
  const thread = new Worker(new URL('./upload-thread.js', import.meta.url), {
    workerData: { ...init, places } satisfies UploadThreadInit,
    name: 'upload',
    resourceLimits: { maxOldGenerationSizeMb: 192 },
  });
  const upload = new Uploading(thread, new Uint8Array(places), options);
  try {
    return await upload.run(content);
  } finally {
    await upload.end();
  }
}

class Uploading {
  readonly #thread: Worker;
  readonly #options: PlaceContentOptions;
  readonly #outcome: Promise<PlacedContent>;
  readonly #ended = new AbortController();
  readonly #places: Uint8Array;
  readonly #free = Array.from({ length: placeCount }, (_, place) => place);
  /** Places that the thread has not given back yet. */
  #sent = 0;
  #roomAgain = Promise.withResolvers<void>();
  #watch: NodeJS.Timeout | undefined;

  constructor(thread: Worker, places: Uint8Array, options: PlaceContentOptions) {
    this.#thread = thread;
    this.#places = places;
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<PlacedContent>();
    this.#outcome = promise;
    promise.catch(() => {}); // read by run() as well; a failure while content still comes is no unhandled one
    const end = (settle: () => void) => {
      settle();
      this.#ended.abort();
      this.#roomAgain.resolve();
    };
    thread.on('message', (message: FromUploadThread) => {
      this.#listen();
      switch (message.kind) {
        case 'taken':
          this.#sent--;
          this.#free.push(message.place);
          this.#roomAgain.resolve();
          break;
        case 'placed':
          end(() => resolve(message));
          break;
        case 'rejected':
          end(() => reject(new Rejection(message.code, message.detail)));
          break;
        case 'failed':
          end(() => reject(new Fault(message.fault, message.detail)));
      }
    });
    thread.once('error', (cause) => {
      const outOfMemory = (cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
      end(() =>
        reject(
          outOfMemory
            ? new Rejection('CONTENT_INVALID', 'The content needs more memory to read than an upload is given.')
            : new Fault('unavailable', 'The thread that places the upload failed.', { cause }),
        ),
      );
    });
    thread.once('exit', () => end(() => reject(new Fault('unavailable', 'The thread that places the upload ended.'))));
    options.signal.addEventListener('abort', this.#stop, { once: true });
    this.#listen();
  }

  async run(content: AsyncIterable<Uint8Array>): Promise<PlacedContent> {
    try {
      await this.#send(content);
    } catch (error) {
      // What the thread said of the content is the better reason.
      if (!this.#ended.signal.aborted) throw error;
    }
    const outcome = await this.#outcome;
    this.#options.signal.throwIfAborted();
    return outcome;
  }

  async end(): Promise<void> {
    clearTimeout(this.#watch);
    this.#options.signal.removeEventListener('abort', this.#stop);
    if (!this.#ended.signal.aborted) this.#stop();
    await this.#thread.terminate();
  }

  readonly #stop = (): void => {
    this.#thread.postMessage({ kind: 'stop' } satisfies ToUploadThread);
  };

  async #send(content: AsyncIterable<Uint8Array>): Promise<void> {
    let sentBytes = 0;
    let place = await this.#room();
    let length = 0;
    const flush = () => {
      this.#sent++;
      this.#thread.postMessage({ kind: 'piece', place, length } satisfies ToUploadThread);
      length = 0;
    };
    for await (const piece of timed(content, this.#options.senderSilenceMs ?? 30_000)) {
      this.#options.signal.throwIfAborted();
      if (this.#ended.signal.aborted) return;
      sentBytes += piece.length;
      if (sentBytes > this.#options.limitBytes) {
        throw new Rejection('BODY_TOO_LARGE', `An upload has at most ${this.#options.limitBytes} bytes here.`);
      }
      for (let at = 0; at < piece.length; ) {
        const part = piece.subarray(at, at + placeBytes - length);
        this.#places.set(part, place * placeBytes + length);
        at += part.length;
        length += part.length;
        if (length < placeBytes) continue;
        flush();
        place = await this.#room();
        if (this.#ended.signal.aborted) return;
      }
    }
    if (length > 0) flush();
    this.#thread.postMessage({ kind: 'end' } satisfies ToUploadThread);
  }

  /** A place that is free; any one once the thread has ended, for nobody reads it then. */
  async #room(): Promise<number> {
    while (this.#free.length === 0 && !this.#ended.signal.aborted) {
      this.#roomAgain = Promise.withResolvers();
      await this.#roomAgain.promise;
    }
    return this.#free.shift() ?? 0;
  }

  #listen(): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      if (this.#sent > 0) void this.#thread.terminate();
      else this.#listen();
    }, this.#options.silenceMs ?? 120_000);
    this.#watch.unref();
  }
}

/** The same pieces, refusing a sender that keeps silent too long. Nothing outlives its piece, or every piece would stay in memory. */
async function* timed(content: AsyncIterable<Uint8Array>, silenceMs: number): AsyncGenerator<Uint8Array> {
  const pieces = content[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(pieces.next(), silenceMs);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // A silent sender may never answer this either, so nobody waits for it.
    void pieces.return?.();
  }
}

function within<T>(promise: Promise<T>, silenceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Rejection('BODY_TIMEOUT', `Nothing was sent for ${silenceMs} ms.`));
    const timer = setTimeout(late, silenceMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
