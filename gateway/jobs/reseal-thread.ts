/** The program of a thread that opens segments and seals them again: a job's accepted partitions as one version, or a version under new keys. */
import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '@d-cloud/network/ledger';
import { StorageRoutes } from '@d-cloud/network/store';
import {
  encodeManifest,
  mintSecret,
  openSegments,
  type PlainSegment,
  parseManifest,
  SealFault,
  SealThreads,
  type StorageManifest,
  sealSegments,
} from '@d-cloud/pipelines/seal';
import { BlockIndex } from '../peer/block-index.ts';
import { blockPutter } from '../publish/put-block.ts';
import { fragmentPutter } from '../publish/put-fragment.ts';
import { PutList } from '../publish/put-list.ts';
import type { FromResealThread, ResealInit } from './reseal-messages.ts';

const init = workerData as ResealInit;

async function reseal(): Promise<Uint8Array> {
  const { ways, organization, version, quotaBytes, placement, from } = init;
  const opening = { cek: from?.contentKey ?? init.contentKey, s: from === undefined ? init.s : from.s };
  const minted = from === undefined ? undefined : mintSecret(placement);
  const secret = { cek: init.contentKey, s: minted?.s ?? init.s };
  const shares = minted?.digests ?? init.shares;
  await using routes = new StorageRoutes({ routes: new Map([...ways].map(([id, { route }]) => [id, route])) });
  await using threads = new SealThreads(1);
  using index = new BlockIndex(init.blockIndexFile);
  using puts = new PutList(init.putListDirectory, version);
  const right = { words: init.right, version };
  const parts = init.parts.map(parseManifest);
  const [first] = parts;
  if (first === undefined) throw new RangeError('there is nothing to seal');
  async function* segments(): AsyncGenerator<PlainSegment> {
    for (const part of parts) yield* openedPart(part);
  }
  function openedPart(part: StorageManifest) {
    const bySlot = from?.slots ?? [...part.slots].sort((a, b) => a.slot - b.slot).map(({ storageNode }) => storageNode);
    const blocks = routes.bind(bySlot, right);
    return openSegments(part, {
      secretFor: () => opening,
      get: (slot, cid, options) => blocks.getUnverified(slot, cid, options),
      threads,
      lookAhead: 1,
    });
  }
  const put = fragmentPutter(
    placement,
    blockPutter({ routes, ways, index, puts, organization, version, right, quotaBytes }),
  );
  // Claims count from 1, and a version sealed anew has a content key of its own: under token 0 no key is used twice.
  const manifest = await sealSegments(segments(), {
    version,
    secret,
    shares,
    token: 0,
    firstSegment: 0,
    scheme: { k: placement.k, n: placement.n },
    slots: placement.slots.map((place, slot) => ({ slot, ...place })),
    schemaHash: first.schemaHash,
    threads,
    put,
  });
  const { signal } = new AbortController();
  const placed = await Promise.allSettled((minted?.blocks ?? []).map((block) => put(block, { signal })));
  minted?.s.fill(0);
  for (const one of placed) if (one.status === 'rejected') throw one.reason;
  return encodeManifest(manifest);
}

const said: FromResealThread = await reseal().then(
  (manifest) => ({ kind: 'sealed', manifest }) as const,
  (error: unknown) => ({
    kind: 'failed' as const,
    fault: error instanceof Fault || error instanceof SealFault ? error.kind : ('unavailable' as const),
    detail: error instanceof Error ? error.message : String(error),
  }),
);
parentPort?.postMessage(said);
parentPort?.close();
