import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OwnNode } from '@d-cloud/network/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { Problem } from '../cli/rest.ts';
import { writeTar } from '../open/write-tar.ts';
import { layoutOf } from '../supervisor/layout.ts';
import { EmbeddedNetwork } from '../testing/embedded-network.ts';
import type { Loose } from '../testing/index.ts';
import { failpointNames } from './failpoint.ts';

const purpose = 'dpv:AcademicResearch';
let network: EmbeddedNetwork;
const processes = new Set<ChildProcess>();

beforeAll(async () => {
  network = await EmbeddedNetwork.start();
  await network.join([purpose]);
  const layout = layoutOf(network.directory);
  for (const name of ['alder', 'birch', 'cedar']) {
    const config = JSON.parse(readFileSync(layout.ofOrganization(name).gatewayConfig, 'utf8'));
    for (const { id, address, token } of config.storageNodes) {
      storageNodes.push(new OwnNode({ id, address, token: readFileSync(token, 'utf8').trim() }));
    }
  }
}, 120_000);
afterAll(async () => {
  for (const child of processes) child.kill('SIGKILL');
  for (const node of storageNodes) await node[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

const alder = () => network.rest('alder', 'data-team');
const registered = async (modality = 'documents'): Promise<string> => {
  const terms = { access: 'granted', purposes: [purpose] };
  const body = { title: 'Letters', licence: 'CC0-1.0', modality, terms };
  return (await alder().call<Loose>('POST', '/datasets', { body })).id;
};

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
async function archive(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  async function* items() {
    for (const [name, bytes] of Object.entries(files)) yield { name, sizeBytes: bytes.length, body: pieces(bytes) };
  }
  return Buffer.concat(await Array.fromAsync(writeTar(items())));
}
const publish = (
  dataset: string,
  bytes: Uint8Array,
  type: string,
  options: { idempotencyKey?: string; name?: string } = {},
) => {
  const { name, ...rest } = options;
  const stream = { type, bytes: pieces(bytes), ...(name === undefined ? {} : { name }) };
  return alder().call<Loose>('POST', `/datasets/${dataset}/versions`, { stream, ...rest });
};
/** The pieces as they come: an ArrayBuffer of another realm would be copied byte by byte. */
const bodyOf = async ({ body }: Response) => Buffer.concat(await Array.fromAsync(body as AsyncIterable<Uint8Array>));
const read = async (version: string, accept = '*/*') =>
  bodyOf(await alder().open('GET', `/versions/${version}/content`, { accept }));

const storageNodes: OwnNode[] = [];

/** How many blocks lie on all storage nodes of the network. */
async function storedBlocks(): Promise<number> {
  const usages = await Promise.all(storageNodes.map((node) => node.control.usage()));
  return usages.reduce((sum, { blocks }) => sum + blocks, 0);
}

/** The ids of all blocks on all storage nodes. */
async function storedIds(): Promise<ReadonlySet<string>> {
  const ids = await Promise.all(storageNodes.map((node) => Array.fromAsync(node.control.list())));
  return new Set(ids.flat());
}

const files = { 'a/one.txt': Buffer.from('one'), 'two.bin': randomBytes(5_000_000), 'drei.txt': Buffer.from('3') };

describe('publishing a version', () => {
  test('of a folder gives the folder back, bit by bit', async () => {
    const sent = await archive(files);
    const version = await publish(await registered(), sent, 'application/x-tar');
    expect(version).toMatchObject({ number: 1, rows: 5 });
    expect(version.segmentRows.length).toBeGreaterThan(2);
    expect(sent.equals(await read(version.id))).toBe(true);
  }, 60_000);

  test('of one file gives the file back under its name', async () => {
    const version = await publish(await registered(), files['two.bin'], 'application/octet-stream', {
      name: 'zwei ü.bin',
    });
    const response = await alder().open('GET', `/versions/${version.id}/content`, {
      accept: 'application/octet-stream',
    });
    expect(response.headers.get('content-disposition')).toContain("filename*=UTF-8''zwei%20%C3%BC.bin");
    expect(files['two.bin'].equals(await bodyOf(response))).toBe(true);
  }, 60_000);

  test('of a table gives the rows back, as Arrow and as JSON lines', async () => {
    const table = tableFromArrays({ n: Int32Array.from({ length: 1_000 }, (_, at) => at) });
    const version = await publish(
      await registered('table'),
      tableToIPC(table, 'stream'),
      'application/vnd.apache.arrow.stream',
    );
    expect(version.rows).toBe(1_000);
    const lines = (await read(version.id, 'application/x-ndjson')).toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).n)).toEqual([...table.getChild('n')!.toArray()]);
  }, 60_000);

  test('again with the same key is the same version, and with other bytes is refused', async () => {
    const dataset = await registered();
    const idempotencyKey = 'the-same-key';
    const first = await publish(dataset, await archive(files), 'application/x-tar', { idempotencyKey });
    const again = await publish(dataset, await archive(files), 'application/x-tar', { idempotencyKey });
    expect(again.id).toBe(first.id);
    const other = publish(dataset, await archive({ 'x.txt': Buffer.from('x') }), 'application/x-tar', {
      idempotencyKey,
    });
    await expect(other).rejects.toMatchObject({ status: 422 });
    const { items } = await alder().call<Loose>('GET', `/datasets/${dataset}/versions`);
    expect(items).toHaveLength(1);
  }, 60_000);

  test.each<[string, () => Promise<Uint8Array>, string, string | undefined]>([
    ['nothing', async () => Buffer.alloc(0), 'application/x-tar', undefined],
    ['an archive without a file', () => archive({}), 'application/x-tar', undefined],
    [
      'an archive that is cut',
      async () => (await archive(files)).subarray(0, 1_000_000),
      'application/x-tar',
      undefined,
    ],
    [
      'an empty file in a folder',
      () => archive({ 'a.txt': Buffer.from('a'), 'b.txt': Buffer.alloc(0) }),
      'application/x-tar',
      undefined,
    ],
    ['text that is declared a photograph', async () => Buffer.from('no photograph'), 'image/jpeg', 'a.jpg'],
    [
      'a table that is cut',
      async () => tableToIPC(tableFromArrays({ n: new Int32Array(50_000) }), 'stream').subarray(0, 100_000),
      'application/vnd.apache.arrow.stream',
      undefined,
    ],
    ['bytes that are no table', async () => randomBytes(100_000), 'application/vnd.apache.arrow.stream', undefined],
  ])(
    'of %s is refused with a reason, and leaves nothing',
    async (_what, content, type, name) => {
      const dataset = await registered();
      const before = await storedBlocks();
      const bytes = await content();
      const refused = publish(dataset, bytes, type, name === undefined ? {} : { name });
      await expect(refused).rejects.toMatchObject({ status: 422, code: 'CONTENT_INVALID' });
      await until(async () => (await storedBlocks()) === before);
      expect((await alder().call<Loose>('GET', `/datasets/${dataset}/versions`)).items).toEqual([]);
    },
    60_000,
  );

  test('that its sender gives up leaves nothing', async () => {
    const dataset = await registered();
    const before = await storedBlocks();
    const spool = join(layoutOf(network.directory).ofOrganization('alder').gateway, 'spool');
    const { rest, keys } = network.credentials.organizations.alder!;
    const sender = request(`${rest}/v1/datasets/${dataset}/versions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${keys['data-team']}`,
        'idempotency-key': 'given-up',
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment; filename="endless.bin"',
      },
    });
    const broken = once(sender, 'error');
    const isPutting = () => readdirSync(spool).some((name) => readFileSync(join(spool, name)).length > 0);
    for (let sent = 0; sent < 1_000 && !isPutting(); sent++) {
      if (!sender.write(randomBytes(65_536))) await once(sender, 'drain');
    }
    expect(isPutting()).toBe(true);
    sender.destroy(new Error('changed my mind'));
    await broken;
    await until(async () => readdirSync(spool).length === 0);
    await until(async () => (await storedBlocks()) === before);
  }, 60_000);

  test('is refused with the reason when another organization gives no more room, and taken once it gives some', async () => {
    const dataset = await registered();
    const operator = network.rest('birch', 'operator');
    const give = (quotaBytes: string) => operator.call<Loose>('PUT', '/quotas/AlderMSP', { body: { quotaBytes } });
    expect(await give('0')).toMatchObject({ organization: 'AlderMSP', quotaBytes: '0', given: true });
    const bytes = randomBytes(100_000);
    const refused = publish(dataset, bytes, 'application/octet-stream', { name: 'x.bin' });
    await expect(refused).rejects.toMatchObject({
      status: 507,
      code: 'QUOTA_EXCEEDED',
      message: expect.stringMatching(/AlderMSP keeps \d+ of the 0 bytes that it is given/),
    });
    await give(String(2 ** 30));
    expect((await publish(dataset, bytes, 'application/octet-stream', { name: 'x.bin' })).id).toMatch(/^vers_/);
    const { items } = await operator.call<Loose>('GET', '/quotas');
    expect(items).toMatchObject([
      { organization: 'AlderMSP', quotaBytes: String(2 ** 30), given: true },
      { organization: 'BirchMSP', given: false },
      { organization: 'CedarMSP', usedBytes: '0', given: false },
    ]);
    expect(Number(items[0].usedBytes)).toBeGreaterThan(100_000 / 4);
  });

  test('of quotas says no to whoever does not look after storage nodes, and to what is no quota', async () => {
    const asked = (role: string, path: string, quotaBytes: string) =>
      network.rest('birch', role as 'operator').call<Loose>('PUT', path, { body: { quotaBytes } });
    for (const [role, path, quotaBytes, status] of [
      ['data-team', '/quotas/AlderMSP', '1', 403],
      ['operator', '/quotas/NobodyMSP', '1', 404],
      ['operator', '/quotas/AlderMSP', '9007199254740993', 400],
      ['operator', '/quotas/AlderMSP', '-1', 400],
    ] as const)
      await expect(asked(role, path, quotaBytes)).rejects.toMatchObject({ status });
  });
});

describe('a gateway that is killed while it publishes', () => {
  const layout = () => layoutOf(network.directory).ofOrganization('alder');

  /** The gateway as a process of its own, with failpoints armed. */
  const serve = async (failpoints: readonly string[]): Promise<ChildProcess> => {
    const config = JSON.parse(readFileSync(layout().gatewayConfig, 'utf8'));
    const file = `${layout().gatewayConfig}.armed.json`;
    writeFileSync(file, JSON.stringify({ ...config, logLevel: 'error', failpoints }), { mode: 0o600 });
    const main = fileURLToPath(new URL('../main.js', import.meta.url));
    const child = spawn(process.execPath, [main, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    processes.add(child);
    child.once('exit', () => processes.delete(child));
    const line = once(createInterface(child.stdout!), 'line');
    const died = once(child, 'exit').then(() => Promise.reject(new Error('the gateway did not start')));
    await Promise.race([line, died]);
    died.catch(() => {});
    return child;
  };
  const ended = async (child: ChildProcess) => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };

  beforeAll(async () => {
    await network.gateways.get('alder')![Symbol.asyncDispose]();
    network.gateways.delete('alder');
  });

  afterEach(async () => {
    for (const child of processes) {
      child.kill('SIGKILL');
      await ended(child);
    }
  });

  const lines = failpointNames.filter((name) => name.startsWith('publish.'));
  test.each(lines)(
    'at %s has published all or nothing; the retry succeeds once and no block is left over',
    async (line) => {
      const calm = await serve([]);
      const dataset = await registered();
      const content = await archive(files);
      const before = await storedBlocks();
      const others = await storedIds();
      calm.kill('SIGTERM');
      await ended(calm);

      const doomed = await serve([`${line}:kill`]);
      const idempotencyKey = `retried-${line}`;
      await expect(publish(dataset, content, 'application/x-tar', { idempotencyKey })).rejects.not.toBeInstanceOf(
        Problem,
      );
      await ended(doomed);
      expect(doomed.signalCode).toBe('SIGKILL');
      const cut = (await storedIds()).difference(others);

      const revived = await serve([]);
      const version = await publish(dataset, content, 'application/x-tar', { idempotencyKey });
      const { items } = await alder().call<Loose>('GET', `/datasets/${dataset}/versions`);
      expect(items.map(({ id }: Loose) => id)).toEqual([version.id]);
      expect(content.equals(await read(version.id))).toBe(true);
      // Every block of one version and no other: its segments are of one stripe, seven fragments each, and seven shares of S.
      await until(async () => (await storedBlocks()) - before === (version.segmentRows.length + 1) * 7);
      // What was not journaled is sealed anew under other keys: of the same bytes, no block is the same. What was is not sealed again.
      const kept = cut.intersection(await storedIds()).size;
      const isAnew = ['publish.begun', 'publish.first-put', 'publish.placed', 'publish.keys-kept'].includes(line);
      expect(kept).toBe(isAnew ? 0 : cut.size);
      revived.kill('SIGTERM');
      await ended(revived);
    },
    120_000,
  );
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > end) throw new Error('it does not come to hold');
    await wait(50);
  }
}
