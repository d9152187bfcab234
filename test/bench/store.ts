import { execFile, spawn } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import {
  ErasureCode,
  fragmentsOf,
  openSegments,
  SealThreads,
  type StorageManifest,
  sealSegments,
  segmentCapacity,
} from '@d-cloud/pipelines/seal';
import { compared, type Figure, figure, quantile } from './figure.ts';
import { Stores } from './stores.ts';

const run = promisify(execFile);
const sizeBytes = 256 * 2 ** 20;
const rounds = 3;
const scheme = { k: 4, n: 7 };
/** As a gateway publishes: gateway/publish/upload-thread.ts. */
const putsAtOnce = 10;
const getsAtOnce = 16;
const segmentBytes = segmentCapacity(scheme.k, 2);
const lookMs = 20;

const secret = { cek: randomBytes(32) };
const seconds = async (act: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
};

/**
 * Sealing's price: a version published and opened at 4 of 7 on seven embedded storage nodes, beside the very same fragments put, read
 * back and hash-checked with no sealing at all, on fresh storage nodes, in alternating rounds; and `ipfs add` and `ipfs cat` of the plaintext.
 */
export async function measure(say: (text: string) => void): Promise<readonly Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-store-'));
  try {
    const rates = { publish: [] as number[], put: [] as number[], open: [] as number[], get: [] as number[] };
    let mostRss = 0;
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}, ${sizeBytes / 2 ** 20} MiB …`);
      await using sealed = await Stores.start(directory, `sealed-${round}`);
      await using bare = await Stores.start(directory, `bare-${round}`);
      await using threads = new SealThreads(1);
      // Later rounds carry what putting bare has left behind in this process.
      const watching = setInterval(() => {
        if (round === 0) mostRss = Math.max(mostRss, process.memoryUsage.rss());
      }, lookMs);
      let manifest: StorageManifest | undefined;
      rates.publish.push(
        await seconds(async () => {
          manifest = await publish(sealed, threads, `vers_bench_${round}`);
        }),
      );
      const whole = manifest as StorageManifest;
      rates.open.push(await seconds(() => read(sealed, threads, whole)));
      clearInterval(watching);
      rates.get.push(await seconds(() => getData(sealed, whole)));
      await using file = await open(join(directory, 'fragments'), 'w+');
      await copyOut(sealed, whole, file);
      rates.put.push(await seconds(() => putAll(bare, whole, file)));
    }
    const speed = (times: readonly number[]) => sizeBytes / 2 ** 20 / quantile(times, 0.5);
    const kubo = await addAndCat(directory, say);
    const rss = mostRss / 2 ** 20;
    const [encode, decode] = reedSolomon();
    const bar = { says: '≥ 0.8', holds: (ratio: number) => ratio >= 0.8 };
    return [
      compared(
        'publishing at 4 of 7',
        'MiB/s',
        speed(rates.publish),
        { name: 'same fragments put bare', value: speed(rates.put) },
        bar,
      ),
      compared(
        'opening',
        'MiB/s',
        speed(rates.open),
        { name: 'verified gets of the same blocks', value: speed(rates.get) },
        bar,
      ),
      figure('most memory both ways (RSS)', 'MiB', rss, { says: '≤ 512', holds: rss <= 512 }),
      compared('publishing at 4 of 7', 'MiB/s', speed(rates.publish), {
        name: 'ipfs add of the plaintext',
        value: kubo?.add,
      }),
      compared('opening', 'MiB/s', speed(rates.open), { name: 'ipfs cat of the plaintext', value: kubo?.cat }),
      figure('Reed-Solomon, encode 4 of 7, per core', 'GB/s', encode, { says: '≥ 2', holds: encode >= 2 }),
      figure('Reed-Solomon, decode 3 lost of 7, per core', 'GB/s', decode, { says: '≥ 2', holds: decode >= 2 }),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function publish(stores: Stores, threads: SealThreads, version: string): Promise<StorageManifest> {
  return sealSegments(segments(), {
    version,
    secret,
    token: 0,
    firstSegment: 0,
    scheme,
    slots: stores.blocks.slots.map((storageNode, slot) => ({ slot, storageNode, organization: 'any' })),
    schemaHash: '0'.repeat(64),
    threads,
    put: (fragment, options) => stores.blocks.put(fragment, options),
    concurrency: putsAtOnce,
  });
}

async function* segments() {
  for await (const bytes of noise(segmentBytes)) yield { bytes, rows: 1 };
}

/** A key stream: bytes that no compression helps with, made faster than they are stored. */
function* noise(pieceBytes: number): Generator<Uint8Array<ArrayBuffer>> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const zeros = new Uint8Array(pieceBytes);
  for (let left = sizeBytes; left > 0; left -= pieceBytes)
    yield Uint8Array.from(cipher.update(zeros.subarray(0, Math.min(pieceBytes, left))));
}

async function read(stores: Stores, threads: SealThreads, manifest: StorageManifest): Promise<void> {
  let bytes = 0;
  const opened = openSegments(manifest, {
    secretFor: () => secret,
    get: (slot, cid, options) => stores.blocks.getUnverified(slot, cid, options),
    threads,
    lookAhead: 1,
  });
  for await (const segment of opened) bytes += segment.bytes.length;
  if (bytes !== sizeBytes) throw new Error(`${bytes} bytes were opened of ${sizeBytes}`);
}

/** The k data fragments of every stripe, checked against their ids: what opening must fetch at least. */
async function getData(stores: Stores, manifest: StorageManifest): Promise<void> {
  const data = [...fragmentsOf(manifest)].filter(({ slot }) => slot < scheme.k);
  await atOnce(getsAtOnce, data, async ({ slot, cid }) => void (await stores.blocks.get(slot, cid)));
}

/** Fragments to a file, so that putting them bare begins with bytes and ids and nothing else. */
async function copyOut(stores: Stores, manifest: StorageManifest, file: FileHandle): Promise<void> {
  let at = 0;
  const placed = [...fragmentsOf(manifest)].map((one) => {
    const position = at;
    at += one.sizeBytes;
    return { ...one, position };
  });
  await atOnce(getsAtOnce, placed, async ({ slot, cid, position }) => {
    await file.write(await stores.blocks.get(slot, cid), 0, undefined, position);
  });
}

async function putAll(stores: Stores, manifest: StorageManifest, file: FileHandle): Promise<void> {
  let at = 0;
  const placed = [...fragmentsOf(manifest)].map((one) => {
    const position = at;
    at += one.sizeBytes;
    return { ...one, position };
  });
  await atOnce(putsAtOnce, placed, async ({ slot, cid, sizeBytes: length, position }) => {
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, position);
    await stores.blocks.put({ slot, cid, bytes: buffer });
  });
}

async function atOnce<T>(count: number, items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const turn = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: count }, turn));
}

/** MiB/s of Kubo's own program over a repository of its own, without a daemon; nothing where it is not on PATH. */
async function addAndCat(directory: string, say: (text: string) => void) {
  const env = { PATH: process.env.PATH ?? '', HOME: directory, IPFS_PATH: join(directory, 'ipfs') };
  const ipfs = (...words: string[]) => run('ipfs', words, { env, encoding: 'utf8' });
  try {
    await ipfs('init', '--profile', 'server');
  } catch {
    say('ipfs is not on PATH');
    return undefined;
  }
  const file = join(directory, 'plain');
  await pipeline(Readable.from(noise(2 ** 20)), createWriteStream(file));
  for await (const _ of createReadStream(file, { highWaterMark: 2 ** 22 })); // both begin with a warm page cache
  let cid = '';
  const add = await seconds(async () => {
    cid = (await ipfs('add', '--offline', '--quieter', '--raw-leaves', '--chunker=size-1048576', file)).stdout.trim();
  });
  const cat = await seconds(async () => {
    const words = ['cat', '--offline', '--progress=false', cid];
    const [code] = await once(spawn('ipfs', words, { env, stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
    if (code !== 0) throw new Error(`ipfs cat ended with ${code}`);
  });
  return { add: sizeBytes / 2 ** 20 / add, cat: sizeBytes / 2 ** 20 / cat };
}

/** GB (10^9 bytes) of data fragments per second of this thread's processor time: encoding, and rebuilding three data fragments. */
function reedSolomon(): readonly [number, number] {
  const length = 2 ** 20;
  const code = new ErasureCode(scheme);
  const data = Array.from({ length: scheme.k }, () => randomBytes(length));
  const parity = Array.from({ length: scheme.n - scheme.k }, () => Buffer.alloc(length));
  const into = [0, 1, 2].map(() => Buffer.alloc(length));
  const kept = [data[3]!, ...parity];
  return [() => code.encode(data, parity), () => code.recover([3, 4, 5, 6], kept, [0, 1, 2], into)].map((act) => {
    const rates = Array.from({ length: 9 }, () => {
      const began = process.threadCpuUsage();
      for (let call = 0; call < 40; call++) act();
      const { user, system } = process.threadCpuUsage(began);
      return (40 * scheme.k * length) / (user + system) / 1e3;
    });
    return quantile(rates, 0.5);
  }) as [number, number];
}
