import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { ErasureCode, type KernelKind } from '../erasure/index.ts';
import { openSegments } from '../open-segments.ts';
import { type PlainSegment, sealSegments } from '../seal-segments.ts';
import { SlotMemory, slotsFor } from '../testing/slot-memory.ts';
import { SealThreads } from '../threads/seal-threads.ts';
import { measure } from './measure.ts';
import { measureStages, sharesOf } from './stages.ts';

/**
 * Prints what sealing and opening cost at 4 of 7: Reed-Solomon alone, each stage's share of one core, then the whole
 * with blocks in memory. MB and GB are 10^6 and 10^9 bytes of plaintext (for Reed-Solomon: of data fragments), per second
 * of processor time unless wall time is said. Run: npx tsc -b pipelines && npm run bench:seal -w pipelines
 */
const scheme = { k: 4, n: 7 };
const fragmentBytes = 1024 * 1024;
const stripeBytes = scheme.k * fragmentBytes;
const figures: Record<string, number> = {};

function note(name: string, value: number, unit: string): void {
  figures[name] = Number(value.toPrecision(4));
  console.log(`${name.padEnd(58)} ${value.toFixed(unit === '%' ? 1 : 2).padStart(10)} ${unit}`);
}

const data = Array.from({ length: scheme.k }, () => randomBytes(fragmentBytes));
const parity = Array.from({ length: scheme.n - scheme.k }, () => Buffer.alloc(fragmentBytes));
const [p0, p1, p2] = parity as [Buffer, Buffer, Buffer];
const [, , , d3] = data as [Buffer, Buffer, Buffer, Buffer];
for (const kind of ['relaxed', 'plain'] satisfies KernelKind[]) {
  const code = new ErasureCode(scheme, kind);
  const recovered = [0, 1, 2].map(() => Buffer.alloc(fragmentBytes));
  const encode = measure(stripeBytes, () => code.encode(data, parity));
  const decode = measure(stripeBytes, () => code.recover([3, 4, 5, 6], [d3, p0, p1, p2], [0, 1, 2], recovered));
  note(`Reed-Solomon ${kind} SIMD, encode 4 of 7 (median)`, encode.median / 1e9, 'GB/s');
  note(`Reed-Solomon ${kind} SIMD, decode 3 lost of 7 (median)`, decode.median / 1e9, 'GB/s');
}

const stages = measureStages();
for (const [work, parts] of [
  ['sealing', stages.sealing],
  ['opening', stages.opening],
] as const) {
  for (const { name, share } of sharesOf(parts)) note(`share of ${work}: ${name}`, share, '%');
  note(`stages of ${work} alone, one core`, 1e3 / parts.reduce((sum, part) => sum + part.nanosPerByte, 0), 'MB/s');
}

const segmentCount = 48;
const bytes = randomBytes(stripeBytes - 48);
async function* source(): AsyncGenerator<PlainSegment> {
  for (let index = 0; index < segmentCount; index++) yield { bytes, rows: 1 };
}
const secret = { cek: randomBytes(32) };
/** Runs work on some plaintext; MB per second of wall time and of all the program's processor time. */
async function timed(plainBytes: number, work: () => Promise<void>): Promise<[number, number]> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return [plainBytes / (performance.now() - began) / 1e3, plainBytes / (user + system)];
}

const total = segmentCount * bytes.length;
for (const count of [1, 2]) {
  await using threads = new SealThreads(count);
  const store = new SlotMemory();
  const fixed = { version: 'vers_bench', secret, token: 0, firstSegment: 0, schemaHash: '0'.repeat(64), threads };
  const seal = (put: typeof store.put) => sealSegments(source(), { ...fixed, scheme, slots: slotsFor(scheme.n), put });
  const manifest = await seal(store.put);
  const open = async () => {
    for await (const _ of openSegments(manifest, { secretFor: () => secret, get: store.get, threads }));
  };
  const works: [string, readonly number[], () => Promise<void>][] = [
    ['seal', [], () => seal(async () => {}).then(() => {})],
    ['open', [], open],
    ['open, 3 data slots lost', [0, 1, 2], open],
  ];
  for (const [name, dead, work] of works) {
    store.dead.clear();
    for (const slot of dead) store.dead.add(slot);
    let best: [number, number] = [0, 0];
    for (let round = 0; round < 5; round++) {
      const [wall, cpu] = await timed(total, work);
      best = [Math.max(best[0], wall), Math.max(best[1], cpu)];
    }
    note(`${name}, ${count} thread(s) and the caller's, wall time`, best[0], 'MB/s');
    note(`${name}, ${count} thread(s) and the caller's, per core`, best[1], 'MB/s');
  }
}
note('memory at its highest', process.resourceUsage().maxRSS / 1024, 'MiB');
console.log(JSON.stringify({ name: 'seal', machine: cpus()[0]?.model, figures }));
