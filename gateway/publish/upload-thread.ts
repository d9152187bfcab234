/** The program of an upload's own thread: bytes as they were sent in, sealed blocks out to storage nodes, the manifest as its last word. */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '@d-cloud/network/ledger';
import { StorageRoutes, StoreRefusal } from '@d-cloud/network/store';
import { IngestRefusal, type Segment } from '@d-cloud/pipelines/ingest';
import {
  encodeManifest,
  mintSecret,
  type PlainSegment,
  SealFault,
  SealThreads,
  sealSegments,
  stepBack,
  stripeCount,
} from '@d-cloud/pipelines/seal';
import { Rejection } from '../http/problem.ts';
import { BlockIndex } from '../peer/block-index.ts';
import { failpoints } from './failpoint.ts';
import { ingestUpload } from './ingest-upload.ts';
import { blockPutter } from './put-block.ts';
import { fragmentPutter } from './put-fragment.ts';
import { PutList } from './put-list.ts';
import { type FromUploadThread, placeBytes, type ToUploadThread, type UploadThreadInit } from './upload-messages.ts';

const port = parentPort;
if (port === null) throw new Error('this program runs in a thread of its own');
stepBack();
const init = workerData as UploadThreadInit;
const stopped = new AbortController();
/** Each put holds a fragment of up to 1 MiB several times over: on its way out, on its way back. */
const putsAtOnce = 10;
/** One sealing thread beside this one: a second would only add memory, for hashing what is put is what takes longest. */
const sealingThreads = 1;
const say = (message: FromUploadThread) => port.postMessage(message);

/** The upload's bytes as the other side hands them over; each place is given back when the next piece is asked for. */
async function* received(): AsyncGenerator<Uint8Array> {
  const queue: ToUploadThread[] = [];
  let wake = Promise.withResolvers<void>();
  port?.on('message', (message: ToUploadThread) => {
    if (message.kind === 'stop') stopped.abort(new Error('the upload was given up'));
    queue.push(message);
    wake.resolve();
  });
  for (;;) {
    const message = queue.shift();
    if (message === undefined) {
      await wake.promise;
      wake = Promise.withResolvers();
      continue;
    }
    stopped.signal.throwIfAborted();
    if (message.kind === 'end') return;
    if (message.kind !== 'piece') continue;
    // Copied here, where waiting for memory keeps no event loop waiting: what is cut from it may be held for long.
    yield Uint8Array.from(new Uint8Array(init.places, message.place * placeBytes, message.length));
    say({ kind: 'taken', place: message.place });
  }
}

async function place(): Promise<FromUploadThread> {
  await using routes = new StorageRoutes({ routes: new Map([...init.ways].map(([id, { route }]) => [id, route])) });
  await using threads = new SealThreads(sealingThreads);
  using index = new BlockIndex(init.blockIndexFile);
  using puts = new PutList(init.putListDirectory, init.version);
  const right = { words: ['publish', init.dataset, init.version], version: init.version };
  const { ways, organization, version, quotaBytes } = init;
  const failpoint = failpoints(init.armed);
  const putBlock = blockPutter({ routes, ways, index, puts, organization, version, right, quotaBytes });
  const put = fragmentPutter(init.placement, async (...fragment) => {
    await putBlock(...fragment);
    failpoint('publish.first-put');
  });
  const hash = createHash('sha256');
  const { schemaHash, segments } = await ingestUpload(hashed(received(), hash), init.form, init.statedBytes);
  const segmentRows: number[] = [];
  // S is made here and ends here: only its shares leave this thread, one to each storage node.
  const { s, blocks, digests: shares } = mintSecret(init.placement);
  const manifest = await sealSegments(counted(segments, segmentRows), {
    version: init.version,
    secret: { cek: init.contentKey, s },
    shares,
    token: 0,
    firstSegment: 0,
    scheme: { k: init.placement.k, n: init.placement.n },
    slots: init.placement.slots.map((place, slot) => ({ slot, ...place })),
    schemaHash,
    threads,
    put,
    concurrency: putsAtOnce,
    signal: stopped.signal,
  }).finally(() => s.fill(0));
  const placed = await Promise.allSettled(blocks.map((block) => put(block, { signal: stopped.signal })));
  for (const one of placed) if (one.status === 'rejected') throw one.reason;
  const sizeBytes = manifest.segments.reduce(
    (sum, segment) => sum + segment.fragmentBytes * manifest.k * stripeCount(manifest, segment),
    0,
  );
  return { kind: 'placed', manifest: encodeManifest(manifest), segmentRows, sizeBytes, digest: hash.digest('hex') };
}

async function* hashed(
  pieces: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

/** Notes each segment's rows on their way to be sealed. */
async function* counted(segments: AsyncIterable<Segment>, rowCounts: number[]): AsyncGenerator<PlainSegment> {
  for await (const { bytes, rows } of segments) {
    rowCounts.push(rows);
    yield { bytes, rows };
  }
}

function outcomeOf(error: unknown): FromUploadThread {
  if (error instanceof Rejection) return { kind: 'rejected', code: error.code, detail: error.message };
  if (error instanceof IngestRefusal)
    return { kind: 'rejected', code: 'CONTENT_INVALID', detail: `${error.code}: ${error.detail}` };
  if (error instanceof StoreRefusal && error.code === 'QUOTA_EXCEEDED')
    return { kind: 'rejected', code: 'QUOTA_EXCEEDED', detail: error.detail };
  if (error instanceof Fault) return { kind: 'failed', fault: error.kind, detail: error.message };
  if (error instanceof SealFault) return { kind: 'failed', fault: error.kind, detail: error.message };
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', fault: 'unavailable', detail };
}

const outcome = await place().catch(outcomeOf);
say(outcome);
port.close();
