import { createCipheriv, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { SlotBlocks } from '@d-cloud/network/store';
import {
  fragmentsOf,
  openSegments,
  type SealThreads,
  type StorageManifest,
  sealSegments,
  segmentCapacity,
} from '@d-cloud/pipelines/seal';

const scheme = { k: 4, n: 7 };
/** As a gateway publishes: gateway/publish/upload-thread.ts. */
const putsAtOnce = 10;
const getsAtOnce = 16;
const segmentBytes = segmentCapacity(scheme.k, 2);
const secret = { cek: randomBytes(32) };

/** A key stream: bytes that no compression helps with, made faster than they are stored. */
export function* noise(sizeBytes: number, pieceBytes: number): Generator<Uint8Array<ArrayBuffer>> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const zeros = new Uint8Array(pieceBytes);
  for (let left = sizeBytes; left > 0; left -= pieceBytes)
    yield Uint8Array.from(cipher.update(zeros.subarray(0, Math.min(pieceBytes, left))));
}

/** Seals that many bytes and puts the fragments, as a gateway publishes. */
export function publish(blocks: SlotBlocks, threads: SealThreads, sizeBytes: number): Promise<StorageManifest> {
  async function* segments() {
    for (const bytes of noise(sizeBytes, segmentBytes)) yield { bytes, rows: 1 };
  }
  return sealSegments(segments(), {
    version: 'vers_bench',
    secret,
    token: 0,
    firstSegment: 0,
    scheme,
    slots: blocks.slots.map((storageNode, slot) => ({ slot, storageNode, organization: 'any' })),
    schemaHash: '0'.repeat(64),
    threads,
    put: (fragment, options) => blocks.put(fragment, options),
    concurrency: putsAtOnce,
  });
}

/** Opens all of a version, as a gateway reads one: gateway/open/open-thread.ts. Returns the number of bytes. */
export async function open(blocks: SlotBlocks, threads: SealThreads, manifest: StorageManifest): Promise<number> {
  let bytes = 0;
  const opened = openSegments(manifest, {
    secretFor: () => secret,
    get: (slot, cid, options) => blocks.getUnverified(slot, cid, options),
    threads,
  });
  for await (const segment of opened) bytes += segment.bytes.length;
  return bytes;
}

/** Verified gets of the k data fragments of every stripe: what opening must fetch and hash at least. */
export async function getData(blocks: SlotBlocks, manifest: StorageManifest): Promise<void> {
  const data = [...fragmentsOf(manifest)].filter(({ slot }) => slot < scheme.k);
  await atOnce(getsAtOnce, data, async ({ slot, cid }) => void (await blocks.get(slot, cid)));
}

/** All fragments into a file, so that putting them bare begins with bytes and ids and nothing else. */
export async function copyOut(blocks: SlotBlocks, manifest: StorageManifest, file: FileHandle): Promise<void> {
  await atOnce(getsAtOnce, placedIn(manifest), async ({ slot, cid, position }) => {
    await file.write(await blocks.get(slot, cid), 0, undefined, position);
  });
}

/** The same fragments put, read back and compared, with no sealing at all. */
export async function putBare(blocks: SlotBlocks, manifest: StorageManifest, file: FileHandle): Promise<void> {
  await atOnce(putsAtOnce, placedIn(manifest), async ({ slot, cid, sizeBytes, position }) => {
    const { buffer } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, position);
    await blocks.put({ slot, cid, bytes: buffer });
  });
}

function placedIn(manifest: StorageManifest) {
  let at = 0;
  return [...fragmentsOf(manifest)].map((fragment) => {
    const position = at;
    at += fragment.sizeBytes;
    return { ...fragment, position };
  });
}

async function atOnce<T>(count: number, items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const turn = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: count }, turn));
}
