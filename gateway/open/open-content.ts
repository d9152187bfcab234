import { Worker } from 'node:worker_threads';
import { Fault } from '@d-cloud/network/ledger';
import { Rejection } from '../http/problem.ts';
import type { FromOpenThread, OpenInit, ToOpenThread } from './open-messages.ts';

export type OpenedContent = {
  readonly mediaType: string;
  readonly name?: string;
  /** The bytes; ends early with a Fault when something fails after the first one. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** SHA-256 of all bytes, hex, once they have all been read. */
  readonly digest: () => string | undefined;
};

export type OpenContentOptions = {
  readonly signal: AbortSignal;
  /** Longest time to decode a segment, or some of its rows, default 30 s. */
  readonly decodeWithinMs?: number;
  /** What the thread runs; a test of content that is too much for it gives another. */
  readonly program?: URL;
};

/**
 * Opens a version's content in a thread of its own and gives its bytes as they are taken, with bounded memory. Returns once the first byte is
 * there, so that missing fragments and wrong forms are refused before an answer has begun. Throws `Rejection` or `Fault`; one of kind `corrupt`
 * where whoever sealed the content made it so that decoding it takes too much time or memory.
 */
export async function openContent(
  init: OpenInit,
  { signal, decodeWithinMs = 30_000, program = new URL('./open-thread.js', import.meta.url) }: OpenContentOptions,
): Promise<OpenedContent> {
  signal.throwIfAborted();
  const thread = new Worker(program, {
    workerData: init,
    name: 'open',
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  const said = messagesOf(thread, signal, decodeWithinMs);
  let digest: string | undefined;
  const first = await said.next();
  if (first.done === true || first.value.kind !== 'begin') {
    await said.return(undefined);
    throw new Fault('corrupt', 'The version has no content.');
  }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const message of said) {
        if (message.kind === 'end') digest = message.digest;
        if (message.kind !== 'piece') continue;
        const { length } = message.bytes;
        yield message.bytes;
        thread.postMessage({ kind: 'taken', bytes: length } satisfies ToOpenThread);
      }
    } finally {
      await said.return(undefined);
    }
  }
  const { mediaType, name } = first.value;
  return { mediaType, ...(name === undefined ? {} : { name }), bytes: bytes(), digest: () => digest };
}

/** What the thread says until it ends; leaving it ends the thread. */
async function* messagesOf(
  thread: Worker,
  signal: AbortSignal,
  decodeWithinMs: number,
): AsyncGenerator<Extract<FromOpenThread, { kind: 'begin' | 'piece' | 'end' }>, undefined, undefined> {
  const queue: (Exclude<FromOpenThread, { kind: 'decoding' | 'decoded' }> | Error)[] = [];
  let wake = Promise.withResolvers<void>();
  const add = (message: (typeof queue)[number]) => {
    queue.push(message);
    wake.resolve();
  };
  const abort = () => add(signal.reason instanceof Error ? signal.reason : new Error('the reader went away'));
  let decoding: NodeJS.Timeout | undefined;
  thread.on('message', (message: FromOpenThread) => {
    if (message.kind !== 'decoding' && message.kind !== 'decoded') return add(message);
    clearTimeout(decoding);
    if (message.kind === 'decoding') decoding = setTimeout(() => add(tooMuch('time')), decodeWithinMs);
  });
  thread.once('error', (cause) => {
    const isTooMuch = (cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
    const failed = () => new Fault('unavailable', 'The thread that opens the content failed.', { cause });
    add(isTooMuch ? tooMuch('memory') : failed());
  });
  thread.once('exit', () => add(new Fault('unavailable', 'The thread that opens the content ended.')));
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      const message = queue.shift();
      if (message === undefined) {
        await wake.promise;
        wake = Promise.withResolvers();
        continue;
      }
      if (message instanceof Error) throw message;
      if (message.kind === 'rejected') throw new Rejection(message.code, message.detail);
      if (message.kind === 'failed') throw new Fault(message.fault, message.detail);
      yield message;
      if (message.kind === 'end') return undefined;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    await thread.terminate();
    clearTimeout(decoding);
  }
}

function tooMuch(what: 'time' | 'memory'): Fault {
  return new Fault(
    'corrupt',
    `Decoding this version takes more ${what} than it is given here: read it whole, as application/vnd.apache.arrow.stream, which decodes nothing.`,
  );
}
