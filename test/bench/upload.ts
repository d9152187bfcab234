import { createCipheriv, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readCredentials, signIn } from '@d-cloud/gateway/cli';
import { type Figure, figure } from './figure.ts';
import { RunningNetwork } from './running-network.ts';

const sizeBytes = 512 * 2 ** 20;
const lookMs = 100;
/** The gateway's own probe: a timer of this period, whose period is in what it reports (Node's monitorEventLoopDelay). */
const probeMs = 10;
const lag = /^dcloud_gateway_nodejs_eventloop_lag_p99_seconds(?:\{.*\})? ([\d.e-]+)/m;

/** Publishes 512 MiB of incompressible bytes through REST and watches the gateway's memory and its event loop. */
export async function measure(say: (text: string) => void): Promise<readonly Figure[]> {
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
  say(`publishing ${sizeBytes / 2 ** 20} MiB …`);
  const began = performance.now();
  await rest.call('POST', `/datasets/${dataset.id}/versions`, {
    stream: { type: 'application/octet-stream', name: 'bench.bin', bytes: noise(sizeBytes) },
  });
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watching);
  const loop = await loopP99();
  const mib = mostRss / 2 ** 20;
  return [
    figure('publishing 512 MiB by REST', 'MiB/s', sizeBytes / 2 ** 20 / seconds),
    figure('most memory of the gateway (RSS)', 'MiB', mib, { says: '< 512', holds: mib < 512 }),
    figure('event loop delay of the gateway, p99', 'ms', loop, { says: '< 20', holds: loop < 20 }),
  ];
}

async function rssBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** A key stream: bytes that no compression and no shortcut helps with, made faster than they are sent. */
async function* noise(total: number): AsyncGenerator<Uint8Array> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const zeros = new Uint8Array(256 * 1024);
  for (let sent = 0; sent < total; sent += zeros.length)
    yield cipher.update(zeros.subarray(0, Math.min(zeros.length, total - sent)));
}
