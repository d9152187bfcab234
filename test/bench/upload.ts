import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { readCredentials, signIn } from '@d-cloud/gateway/cli';
import { type Figure, figure } from './figure.ts';
import { RunningNetwork } from './running-network.ts';
import { noise } from './sealed-version.ts';
import { seconds } from './seconds.ts';

const sizeBytes = 512 * 2 ** 20;
const lookMs = 100;
/** The gateway's own probe: a timer of this period, whose period is in what it reports (Node's monitorEventLoopDelay). */
const probeMs = 10;
const lag = /^dcloud_gateway_nodejs_eventloop_lag_p99_seconds(?:\{.*\})? ([\d.e-]+)/m;

/** Publishes 512 MiB of incompressible bytes through REST and watches the gateway's memory and its event loop. */
export async function measure(say: (text: string) => void): Promise<readonly Figure[]> {
  const { mibPerSecond, mostRssMib, loopP99Ms } = await watchUpload(sizeBytes, say);
  return [
    figure('publishing 512 MiB by REST', 'MiB/s', mibPerSecond),
    figure('most memory of the gateway (RSS)', 'MiB', mostRssMib, { says: '< 512', holds: mostRssMib < 512 }),
    figure('event loop delay of the gateway, p99', 'ms', loopP99Ms, { says: '< 10', holds: loopP99Ms < 10 }),
  ];
}

/** What an upload was for the gateway that took it. The loop's delay is over the whole upload. */
export interface WatchedUpload {
  readonly mibPerSecond: number;
  readonly mostRssMib: number;
  readonly loopP99Ms: number;
}

/** Publishes that many bytes through REST on a network of its own, as `dcloud up` starts it. */
export async function watchUpload(bytes: number, say: (text: string) => void): Promise<WatchedUpload> {
  say('starting a network …');
  await using network = await RunningNetwork.start();
  const rest = signIn(await readCredentials(network.directory), 'alder', 'data-team');
  const metrics = signIn(await readCredentials(network.directory), 'alder', 'admin');
  const dataset = await rest.call<{ id: string }>('POST', '/datasets', {
    body: {
      title: 'Bench',
      licence: 'CC0-1.0',
      modality: 'documents',
      terms: { access: 'granted', purposes: ['dpv:ResearchAndDevelopment'] },
    },
  });
  const pid = await network.pid('gateway-alder');
  let mostRss = 0;
  const watching = setInterval(async () => {
    mostRss = Math.max(mostRss, await rssBytes(pid));
  }, lookMs);
  // Each reading begins a new measurement: one before the upload, one after it.
  const loopP99 = async () => {
    const text = await (await metrics.open('GET', '/metrics', { accept: '*/*' })).text();
    return Number(lag.exec(text)?.[1] ?? Number.NaN) * 1000 - probeMs;
  };
  await loopP99();
  say(`publishing ${bytes / 2 ** 20} MiB by REST …`);
  const took = await seconds(() =>
    rest.call('POST', `/datasets/${dataset.id}/versions`, {
      stream: { type: 'application/octet-stream', name: 'bench.bin', bytes: Readable.from(noise(bytes, 256 * 1024)) },
    }),
  );
  clearInterval(watching);
  return { mibPerSecond: bytes / 2 ** 20 / took, mostRssMib: mostRss / 2 ** 20, loopP99Ms: await loopP99() };
}

async function rssBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
