import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ErasureCode } from '@d-cloud/pipelines/seal';
import { compared, type Figure, quantile } from './figure.ts';

const scheme = { k: 4, n: 7 };
const length = 2 ** 20;

/** The quickest WebAssembly library on npm that may be used (docs/decisions/0005 lists those that were tried). Its ES module does not load on Node, hence the CommonJS one. */
const library = '@digitaldefiance/reed-solomon-erasure.wasm';

/** What is used of it; 0 is success. `reconstruct` is told which shards are there. */
interface Library {
  encode(shards: Uint8Array, data: number, parity: number): number;
  reconstruct(shards: Uint8Array, data: number, parity: number, present: readonly boolean[]): number;
}

/** Reed-Solomon at 4 of 7 with fragments of 1 MiB beside the library: encoding, and rebuilding three data fragments. GB are 10^9 bytes of data fragments. */
export async function reedSolomon(): Promise<readonly Figure[]> {
  const code = new ErasureCode(scheme);
  const data = Array.from({ length: scheme.k }, () => randomBytes(length));
  const parity = Array.from({ length: scheme.n - scheme.k }, () => Buffer.alloc(length));
  const rebuilt = [0, 1, 2].map(() => Buffer.alloc(length));
  const ours = {
    encode: rate(40, () => code.encode(data, parity)),
    decode: rate(40, () => code.recover([3, 4, 5, 6], [data[3]!, ...parity], [0, 1, 2], rebuilt)),
  };
  if (!rebuilt.every((bytes, slot) => bytes.equals(data[slot]!))) throw new Error('our code rebuilt other bytes');
  const theirs = await measureLibrary(data);
  return (['encode', 'decode'] as const).flatMap((what) => {
    const metric = `Reed-Solomon, ${what === 'encode' ? 'encode 4 of 7' : 'decode 3 lost of 7'}, per core`;
    const bar = {
      says: '≥ 2 GB/s and ≥ 5 ×',
      holds: (ratio: number) => ours[what] >= 2 && ratio >= 5,
    };
    return compared(metric, 'GB/s', ours[what], { name: library, value: theirs[what] }, bar);
  });
}

async function measureLibrary(data: readonly Buffer[]): Promise<{ readonly encode: number; readonly decode: number }> {
  const require = createRequire(import.meta.url);
  const { ReedSolomonErasure } = require('@digitaldefiance/reed-solomon-erasure.wasm') as {
    ReedSolomonErasure: { fromBytes(wasm: Uint8Array): Library };
  };
  const wasm = join(dirname(require.resolve(library)), 'reed_solomon_erasure_bg.wasm');
  const code = ReedSolomonErasure.fromBytes(await readFile(wasm));
  const { k, n } = scheme;
  const shards = new Uint8Array(n * length);
  for (const [at, bytes] of data.entries()) shards.set(bytes, at * length);
  const present = Array.from({ length: n }, (_, slot) => slot > 2);
  const succeed = (result: number) => {
    if (result !== 0) throw new Error(`${library} ended with ${result}`);
  };
  const encode = rate(4, () => succeed(code.encode(shards, k, n - k)));
  shards.fill(0, 0, 3 * length);
  const decode = rate(4, () => succeed(code.reconstruct(shards, k, n - k, present)));
  if (!data[0]!.equals(shards.subarray(0, length))) throw new Error(`${library} rebuilt other bytes`);
  return { encode, decode };
}

/** GB per second of this thread's own processor time, the median of nine. */
function rate(calls: number, act: () => void): number {
  const rates = Array.from({ length: 9 }, () => {
    const began = process.threadCpuUsage();
    let done = 0;
    let micros = 0;
    // Long enough for a processor clock that ticks every 10 ms.
    do {
      for (let call = 0; call < calls; call++) act();
      done += calls;
      const { user, system } = process.threadCpuUsage(began);
      micros = user + system;
    } while (micros < 100_000);
    return (done * scheme.k * length) / micros / 1e3;
  });
  return quantile(rates, 0.5);
}
