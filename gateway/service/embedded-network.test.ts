import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { layoutOf } from '../supervisor/layout.ts';
import { EmbeddedNetwork } from '../testing/embedded-network.ts';
import type { Loose } from '../testing/index.ts';

const purpose = 'dpv:AcademicResearch';
const dataset = (title: string) => ({
  title,
  licence: 'CC0-1.0',
  modality: 'images',
  terms: { access: 'granted', purposes: [purpose] },
});

describe('gateways on the embedded network', () => {
  let network: EmbeddedNetwork;

  beforeAll(async () => {
    network = await EmbeddedNetwork.start();
    await network
      .rest('cedar', 'admin')
      .call('PUT', '/purposes', { body: { purposes: [{ id: purpose, label: 'Research' }] } });
  }, 60_000);
  let killed: (() => void) | undefined;
  afterAll(async () => {
    killed?.();
    await network?.[Symbol.asyncDispose]();
  });

  const readModel = (name: string) => network.gateways.get(name)!.services.readModel;

  test('each registers its own organization, and all see all', async () => {
    // Gateways register their organizations beside serving.
    const registered = new Set<string>();
    for await (const { event } of readModel('birch').events({ signal: AbortSignal.timeout(20_000) })) {
      if (event.kind === 'organization.registered') registered.add(event.organization.mspId);
      if (registered.size === 3) break;
    }
    const { items } = await network.rest('birch', 'data-team').call<Loose>('GET', '/organizations');
    expect(items.map(({ mspId }: Loose) => mspId).toSorted()).toEqual(['AlderMSP', 'BirchMSP', 'CedarMSP']);
    expect(readModel('birch').get('channel', 'channel')).toMatchObject({
      block: 0,
      record: { sequence: 0, members: ['AlderMSP', 'BirchMSP', 'CedarMSP'] },
    });
  });

  test("a dataset's card reaches every member's catalogue through the private collection", async () => {
    const { id, ledger } = await network
      .rest('alder', 'data-team')
      .call<Loose>('POST', '/datasets', { body: dataset('Birds of the Müritz') });
    for (const name of ['birch', 'cedar']) {
      await readModel(name).waitFor(ledger.block);
      const { items } = await network.rest(name, 'data-team').call<Loose>('GET', '/datasets?query=muritz');
      expect(items).toMatchObject([{ id, card: { title: 'Birds of the Müritz' } }]);
    }
  });

  test('a read model that was lost is built again from block 0, row for row', async () => {
    const before = readModel('alder').list('dataset', {}, { limit: 200 });
    const organizations = readModel('alder').list('organization');
    await network.gateways.get('alder')![Symbol.asyncDispose]();
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(`${layoutOf(network.directory).ofOrganization('alder').gateway}/index.sqlite${suffix}`, { force: true });
    await network.startGateway('alder');
    await readModel('alder').waitFor(before.block);
    expect(readModel('alder').list('dataset', {}, { limit: 200 }).items).toEqual(before.items);
    expect(readModel('alder').list('organization').items).toEqual(organizations.items);
  });

  test('while the ledger is away writes say so and may be sent again; when it is back the same request has one effect', async () => {
    const rest = network.rest('cedar', 'admin');
    const before = (await rest.call<Loose>('GET', '/datasets')).items.length;
    await network.child('ledger').stop();
    const request = { body: dataset('Sent while the ledger was away'), idempotencyKey: 'away' };
    await expect(rest.call('POST', '/datasets', request)).rejects.toMatchObject({
      status: 503,
      code: 'UNAVAILABLE',
      retryable: true,
    });
    const ready = await fetch(`${rest.address}/readyz`, {
      headers: { authorization: `Bearer ${network.credentials.organizations.cedar?.keys.admin}` },
    });
    expect(ready.status).toBe(503);
    expect(((await ready.json()) as Loose).dependencies).toContainEqual(
      expect.objectContaining({ name: 'ledger', ready: false }),
    );
    // What is projected is still read.
    expect((await rest.call<Loose>('GET', '/datasets')).items).toHaveLength(before);
    await network.child('ledger').start();
    const first = await rest.call<Loose>('POST', '/datasets', request);
    expect(await rest.call<Loose>('POST', '/datasets', request)).toEqual(first);
    expect((await rest.call<Loose>('GET', '/datasets')).items).toHaveLength(before + 1);
  }, 120_000);

  test('a gateway killed at any moment of a write has before or after, and the same request again finds out', async () => {
    await network.gateways.get('birch')![Symbol.asyncDispose]();
    const config = layoutOf(network.directory).ofOrganization('birch').gatewayConfig;
    const main = new URL('../main.js', import.meta.url).pathname;
    const start = async (): Promise<ChildProcess> => {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, config], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      for await (const line of createInterface(child.stdout!)) {
        if (line.startsWith('{"ready":true')) return child;
      }
      throw new Error('the gateway ended before it was ready');
    };
    const rest = network.rest('birch', 'data-team');
    let child = await start();
    killed = () => child.kill('SIGKILL');
    const delays = [0, 5, 10, 20, 30, 50];
    for (const [at, delay] of delays.entries()) {
      const request = { body: dataset(`Killed after ${delay} ms`), idempotencyKey: `kill-${at}` };
      const first = rest.call<Loose>('POST', '/datasets', request).then(
        ({ id }) => id,
        () => undefined,
      );
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const answered = await first;
      child = await start();
      const { id } = await rest.call<Loose>('POST', '/datasets', request);
      if (answered !== undefined) expect(id).toBe(answered);
    }
    const { items } = await rest.call<Loose>('GET', '/datasets?query=killed&limit=200');
    expect(items).toHaveLength(delays.length);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    await network.startGateway('birch');
  }, 120_000);
});
