/** The program of one opening's own thread: a manifest and keys in; blocks gathered, checked and decrypted; content out, no faster than it is taken. */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '@d-cloud/network/ledger';
import { StorageRoutes } from '@d-cloud/network/store';
import { itemSchema } from '@d-cloud/pipelines/ingest';
import { openSegments, parseManifest, SealFault, SealThreads, segmentsOfRows } from '@d-cloud/pipelines/seal';
import { Rejection } from '../http/problem.ts';
import { cutRows } from './cut-rows.ts';
import { joinArrowStreams } from './join-arrow.ts';
import { jsonLines } from './json-lines.ts';
import type { FromOpenThread, OpenInit, ToOpenThread } from './open-messages.ts';
import { itemsOf, type OpenedItem } from './segment-items.ts';
import { type TarItem, writeTar } from './write-tar.ts';

const port = parentPort;
if (port === null) throw new Error('this program runs in a thread of its own');
const init = workerData as OpenInit;
const stopped = new AbortController();

/** Bytes that may be on their way to the other side. */
const longestQueue = 4 * 1024 * 1024;
const pieceBytes = 256 * 1024;
let queuedBytes = 0;
let roomAgain = Promise.withResolvers<void>();

port.on('message', (message: ToOpenThread) => {
  if (message.kind === 'stop') stopped.abort(new Error('nobody reads any more'));
  else queuedBytes -= message.bytes;
  if (queuedBytes < longestQueue || stopped.signal.aborted) roomAgain.resolve();
});

function say(message: FromOpenThread, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

/** Says when it begins and ends, for nobody in here could stop it. */
function decode<T>(act: () => T): T {
  say({ kind: 'decoding' });
  try {
    return act();
  } finally {
    say({ kind: 'decoded' });
  }
}

async function give(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const whole of content) {
    hash.update(whole);
    for (let at = 0; at < whole.length; at += pieceBytes) {
      const bytes = Uint8Array.from(whole.subarray(at, at + pieceBytes));
      queuedBytes += bytes.length;
      say({ kind: 'piece', bytes }, [bytes.buffer]);
      if (queuedBytes < longestQueue) continue;
      roomAgain = Promise.withResolvers();
      await roomAgain.promise;
      stopped.signal.throwIfAborted();
    }
  }
  return hash.digest('hex');
}

async function open(): Promise<FromOpenThread> {
  await using routes = new StorageRoutes({ routes: new Map([...init.ways].map(([id, { route }]) => [id, route])) });
  await using threads = new SealThreads(1);
  const manifest = parseManifest(init.manifest);
  const { secret } = init;
  const bySlot =
    init.slots ?? [...manifest.slots].sort((a, b) => a.slot - b.slot).map(({ storageNode }) => storageNode);
  const blocks = routes.bind(bySlot, { words: init.right });
  const range = init.rows && segmentsOfRows(manifest, init.rows.first, init.rows.end);
  const opened = openSegments(manifest, {
    secretFor: (index) =>
      secret.kind === 'version' ? { cek: secret.contentKey, s: secret.s } : { key: keyOf(secret.keys, index) },
    get: (slot, cid, options) => blocks.getUnverified(slot, cid, options),
    threads,
    range,
    signal: stopped.signal,
  });
  const isFiles = manifest.schemaHash === itemSchema.hash;
  const before = manifest.segments.filter(({ index }) => range !== undefined && index < range.from);
  const atRow = before.reduce((sum, { rows }) => sum + rows, 0);
  const rows = init.rows === undefined ? opened : cutRows(opened, atRow, init.rows, decode);
  const digest = await give(
    isFiles && init.form !== 'arrow' && init.form !== 'json-lines' ? files(opened, manifest.rows) : table(rows),
  );
  return { kind: 'end', digest };
}

function keyOf(keys: ReadonlyMap<number, Uint8Array>, index: number): Uint8Array {
  const key = keys.get(index);
  if (key === undefined) throw new Fault('corrupt', `No key of segment ${index} was released.`);
  return key;
}

async function* table(opened: AsyncIterable<{ readonly bytes: Uint8Array }>): AsyncGenerator<Uint8Array> {
  if (init.form === 'file' || init.form === 'tar') {
    throw new Rejection('NOT_ACCEPTABLE', 'This version is a table: ask for application/vnd.apache.arrow.stream.');
  }
  const streams = bytesOf(opened);
  if (init.form === 'arrow') {
    yield* begun('application/vnd.apache.arrow.stream', joinArrowStreams(streams));
  } else {
    yield* begun('application/x-ndjson', jsonLines(streams, decode));
  }
}

async function* files(opened: Parameters<typeof itemsOf>[0], rows: number): AsyncGenerator<Uint8Array> {
  if (init.form === 'tar') {
    yield* begun('application/x-tar', writeTar(sized(itemsOf(opened))));
    return;
  }
  const items = itemsOf(opened);
  const only = await items.next();
  if (only.done === true) throw new Fault('corrupt', 'The version has no item.');
  const { name, mediaType, body, isWhole } = only.value;
  const severalFiles = new Rejection('NOT_ACCEPTABLE', 'This version has several files: ask for application/x-tar.');
  if (isWhole && rows > 1) throw severalFiles;
  yield* begun(mediaType, body, name);
  // Of a file in parts it is known only now whether another one follows.
  if ((await items.next()).done !== true) throw severalFiles;
}

/** Says what is coming as soon as its first bytes are there, so that what goes wrong before them can still be answered properly. */
async function* begun(
  mediaType: string,
  content: AsyncIterable<Uint8Array>,
  name?: string,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of content) {
    if (isFirst) say({ kind: 'begin', mediaType, ...(name === undefined ? {} : { name }) });
    isFirst = false;
    yield piece;
  }
}

async function* bytesOf(opened: AsyncIterable<{ readonly bytes: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of opened) yield bytes;
}

async function* sized(items: AsyncIterable<OpenedItem>): AsyncGenerator<TarItem> {
  for await (const { name, sizeBytes, body } of items) {
    if (sizeBytes === undefined) {
      throw new Rejection(
        'NOT_ACCEPTABLE',
        'This version is one file of unstated length: ask for it as it is, with Accept: */*.',
      );
    }
    yield { name, sizeBytes, body };
  }
}

function outcomeOf(error: unknown): FromOpenThread {
  if (error instanceof Rejection) return { kind: 'rejected', code: error.code, detail: error.message };
  if (error instanceof Fault || error instanceof SealFault)
    return { kind: 'failed', fault: error.kind, detail: error.message };
  return { kind: 'failed', fault: 'corrupt', detail: error instanceof Error ? error.message : String(error) };
}

say(await open().catch(outcomeOf));
port.close();
