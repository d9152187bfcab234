import { mkdir, mkdtemp, open as openFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SealThreads, type StorageManifest } from '@d-cloud/pipelines/seal';
import { measureStages, sharesOf } from '@d-cloud/pipelines/seal/bench';
import { compared, type Figure, figure, quantile } from './figure.ts';
import { addAndCat } from './plain-ipfs.ts';
import { processorMs } from './processor-time.ts';
import { reedSolomon } from './reed-solomon.ts';
import { copyOut, getData, open, publish, putBare } from './sealed-version.ts';
import { seconds } from './seconds.ts';
import { slowNode } from './slow-node.ts';
import { ipfsHere, type Stores, startEmbedded, startKubos } from './stores.ts';
import { watchUpload } from './upload.ts';

const usualMib = 1024;
const mostUploadMib = 512;
/** Reading is short beside writing, so that each round reads several times. */
const readsPerRound = 3;
const lookMs = 20;

type Say = (text: string) => void;
type Start = (directory: string, name: string) => Promise<Stores>;

/** Times of one kind of storage nodes: seconds of wall time, and processor milliseconds of reading, ours and the storage nodes'. */
interface Times {
  readonly publish: number[];
  readonly put: number[];
  readonly open: number[];
  readonly get: number[];
  readonly openProcessorMs: number[];
  readonly getProcessorMs: number[];
  mostRss: number;
}

/**
 * Sealing's price: a version published and opened at 4 of 7 on seven storage nodes, beside the very same fragments put, read back and compared with no
 * sealing at all on fresh storage nodes, and beside verified gets of the same blocks, in alternating rounds; on embedded nodes and, where `ipfs` is on PATH,
 * on Kubo, writes synced alike. Then what bounds it: the stages, Reed-Solomon, one node in trouble, the gateway's event loop.
 */
export async function measure(say: Say, { mib = usualMib }: { readonly mib: number | undefined }) {
  const directory = await mkdtemp(join(tmpdir(), 'bench-store-'));
  try {
    const sizeBytes = mib * 2 ** 20;
    const figures: Figure[] = [];
    const embedded = await rounds(directory, 2, startEmbedded, sizeBytes, (round) =>
      say(`embedded storage nodes, ${mib} MiB, round ${round} of 2 …`),
    );
    figures.push(...figuresOf('embedded', embedded, mib));
    const rss = embedded.mostRss / 2 ** 20;
    figures.push(figure('most memory both ways (RSS)', 'MiB', rss, { says: '≤ 512', holds: rss <= 512 }));
    figures.push(...(await besideKubo(directory, embedded, mib, say)));
    say('one storage node in trouble …');
    figures.push(...(await slowNode(directory)));
    say('Reed-Solomon and the stages …');
    figures.push(...(await reedSolomon()), ...stageFigures());
    const { loopP99Ms } = await watchUpload(Math.min(mib, mostUploadMib) * 2 ** 20, say);
    const loop = { says: '< 10', holds: loopP99Ms < 10 };
    return [...figures, figure('event loop delay of a gateway while it seals, p99', 'ms', loopP99Ms, loop)];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function rounds(
  directory: string,
  count: number,
  start: Start,
  sizeBytes: number,
  begin: (round: number) => void,
): Promise<Times> {
  const times: Times = { publish: [], put: [], open: [], get: [], openProcessorMs: [], getProcessorMs: [], mostRss: 0 };
  for (let round = 1; round <= count; round++) {
    begin(round);
    const place = join(directory, `round-${round}`);
    await mkdir(place);
    await oneRound(place, start, sizeBytes, times, round === 1);
    await rm(place, { recursive: true });
  }
  return times;
}

async function oneRound(place: string, start: Start, sizeBytes: number, times: Times, isFirst: boolean): Promise<void> {
  await using sealed = await start(place, 'sealed');
  await using threads = new SealThreads(1);
  let reading = true;
  // Only before anything else has left its memory behind in this process.
  const watching = setInterval(() => {
    if (isFirst && reading) times.mostRss = Math.max(times.mostRss, process.memoryUsage.rss());
  }, lookMs);
  let manifest: StorageManifest | undefined;
  times.publish.push(
    await seconds(async () => {
      manifest = await publish(sealed.blocks, threads, sizeBytes);
    }),
  );
  const whole = manifest as unknown as StorageManifest;
  for (let read = 0; read < readsPerRound; read++) {
    const processorOf = (work: () => Promise<unknown>) => processorMs(sealed.pids, work);
    times.openProcessorMs.push(
      await processorOf(async () => {
        times.open.push(
          await seconds(async () => {
            await using reached = sealed.reached();
            const bytes = await open(reached.blocks, threads, whole);
            if (bytes !== sizeBytes) throw new Error(`${bytes} bytes were opened of ${sizeBytes}`);
          }),
        );
      }),
    );
    reading = false;
    times.getProcessorMs.push(
      await processorOf(async () => {
        await using reached = sealed.reached();
        times.get.push(await seconds(() => getData(reached.blocks, whole)));
      }),
    );
  }
  clearInterval(watching);
  await using file = await openFile(join(place, 'fragments'), 'w+');
  {
    await using reached = sealed.reached();
    await copyOut(reached.blocks, whole, file);
  }
  await using bare = await start(place, 'bare');
  times.put.push(await seconds(() => putBare(bare.blocks, whole, file)));
}

function figuresOf(nodes: string, times: Times, mib: number): readonly Figure[] {
  const speed = (samples: readonly number[]) => mib / quantile(samples, 0.5);
  const bar = { says: '≥ 0.8', holds: (ratio: number) => ratio >= 0.8 };
  const put = { name: 'same fragments put bare', value: speed(times.put) };
  const get = { name: 'verified gets of the same blocks', value: speed(times.get) };
  const getProcessor = { name: get.name, value: quantile(times.getProcessorMs, 0.5) / mib };
  const processorMsPerMib = quantile(times.openProcessorMs, 0.5) / mib;
  return [
    compared(`publishing at 4 of 7, ${nodes} storage nodes`, 'MiB/s', speed(times.publish), put, bar),
    compared(`opening, ${nodes} storage nodes`, 'MiB/s', speed(times.open), get, bar),
    compared(`processor time of opening, ${nodes} storage nodes' included`, 'ms/MiB', processorMsPerMib, getProcessor),
  ];
}

/** Kubo in the places of the embedded storage nodes, and `ipfs add` and `ipfs cat` of as many plain bytes. */
async function besideKubo(directory: string, embedded: Times, mib: number, say: Say): Promise<readonly Figure[]> {
  const binary = await ipfsHere();
  if (binary === undefined) say('ipfs is not on PATH: Kubo is left out');
  else say(`Kubo ${binary.version}, ${mib} MiB …`);
  const start: Start = (place, name) => startKubos(place, name, binary!);
  const kubo = binary && (await rounds(directory, 1, start, mib * 2 ** 20, () => {}));
  const plain = binary && (await addAndCat(binary.path, directory, mib * 2 ** 20));
  const speed = (samples: readonly number[] | undefined) => samples && mib / quantile(samples, 0.5);
  const beside = (nodes: string, times: Times | undefined) => [
    compared(`publishing, ${nodes} storage nodes`, 'MiB/s', speed(times?.publish) ?? Number.NaN, {
      name: 'ipfs add of the plaintext',
      value: plain?.add,
    }),
    compared(`opening, ${nodes} storage nodes`, 'MiB/s', speed(times?.open) ?? Number.NaN, {
      name: 'ipfs cat of the plaintext',
      value: plain?.cat,
    }),
  ];
  return [...(kubo ? [...figuresOf('Kubo', kubo, mib), ...beside('Kubo', kubo)] : []), ...beside('embedded', embedded)];
}

function stageFigures(): readonly Figure[] {
  const { sealing, opening } = measureStages();
  return [
    ...sharesOf(sealing).map(({ name, share }) => figure(`share of sealing: ${name}`, '%', share)),
    ...sharesOf(opening).map(({ name, share }) => figure(`share of opening: ${name}`, '%', share)),
  ];
}
