import type { DatasetView } from '@d-cloud/gateway/cli';
import { expect, test } from '@jest/globals';
import { refusalOf } from '../support/answers.ts';
import type { Network, OrganizationName } from '../support/network.ts';
import { allHaveRead, type Ran, registerDataset, research } from '../support/stories.ts';

/** Search, pages, events, scopes, health: what programs ask for beside the main job. */
export function whatProgramsAskForBeside(network: () => Network, photographs: () => Ran): void {
  const alder = () => network().as('alder');
  const birch = () => network().as('birch');

  test('a search finds by the beginnings of words, everywhere in the consortium, and only what matches', async () => {
    const made = await registerDataset(alder(), { title: 'Ringed plovers of Sylt', keywords: ['ornithology'] });
    await allHaveRead(network(), made.ledger.block);
    for (const query of ['plover', 'ornith', 'ringed sylt']) {
      const { items } = await birch().call<{ items: DatasetView[] }>(
        'GET',
        `/datasets?query=${encodeURIComponent(query)}`,
      );
      expect(items.map(({ id }) => id)).toContain(made.id);
    }
    const { items } = await birch().call<{ items: DatasetView[] }>('GET', '/datasets?query=plover%20nowhere');
    expect(items).toEqual([]);
  });

  test('a list comes page by page, each item once, in the same order; a foreign cursor is refused', async () => {
    for (let at = 0; at < 5; at++) await registerDataset(alder(), { title: `Paged number ${at}` });
    const whole = await alder().call<{ items: DatasetView[] }>('GET', '/datasets?query=paged&limit=200');
    const paged = await Array.fromAsync(alder().list<DatasetView>('/datasets?query=paged&limit=2'));
    expect(paged.map(({ id }) => id)).toEqual(whole.items.map(({ id }) => id));
    expect(paged).toHaveLength(5);
    const { next } = await alder().call<{ next: string }>('GET', '/datasets?query=paged&limit=2');
    expect(await refusalOf(alder().call('GET', `/jobs?cursor=${next}`))).toMatchObject({ status: 400 });
    expect(await refusalOf(alder().call('GET', '/datasets?limit=201'))).toMatchObject({ status: 400 });
  });

  test('events resume after the last one that was seen, without a gap or a repetition', async () => {
    const all = await eventIds({}, 12, '?from=oldest');
    expect(new Set(all).size).toBe(12);
    const rest = await eventIds({ 'last-event-id': all[4]! }, 7, '');
    expect(rest).toEqual(all.slice(5));
    const wrong = await fetch(`${birch().address}/v1/events`, {
      headers: { ...bearer(), 'last-event-id': 'nonsense' },
    });
    expect(wrong.status).toBe(400);
  });

  test('a role may do what it is for and nothing else', async () => {
    const body = {
      title: 'No',
      licence: 'CC0-1.0',
      modality: 'images',
      terms: { access: 'granted', purposes: [research] },
    };
    for (const role of ['compliance', 'operator'] as const) {
      const asked = network().as('alder', role).call('POST', '/datasets', { body });
      expect(await refusalOf(asked)).toEqual({ status: 403, code: 'SCOPE_MISSING' });
    }
    const { version, model, grant } = photographs();
    const job = { version: version.id, model, purpose: research, grant: grant.id };
    for (const role of ['compliance', 'operator', 'model-owner'] as const) {
      const asked = network().as('birch', role).call('POST', '/jobs', { body: job });
      expect(await refusalOf(asked)).toEqual({ status: 403, code: 'SCOPE_MISSING' });
    }
    expect(await refusalOf(network().as('alder', 'operator').call('GET', '/datasets'))).toMatchObject({ status: 403 });
    expect(await refusalOf(alder().call('PUT', '/purposes', { body: { purposes: [] } }))).toMatchObject({
      status: 403,
    });
    await expect(
      network().as('birch', 'compliance').call('GET', `/jobs/${photographs().job.id}`),
    ).resolves.toMatchObject({
      id: photographs().job.id,
    });
  });

  test("another organization's grant looks as an absent one does", async () => {
    const path = `/grants/${photographs().grant.id}`;
    const absent = path.replace(/_[a-z2-7]{26}$/, `_${'a'.repeat(26)}`);
    const [theirs, none] = [await problemAt('cedar', path), await problemAt('cedar', absent)];
    expect(theirs).toMatchObject({ status: 404, code: 'GRANT_NOT_FOUND' });
    expect({ ...theirs, instance: '', traceId: '' }).toEqual({ ...none, instance: '', traceId: '' });
  });

  test("the results are the requester's: neither the owner of the data nor that of the model may read them", async () => {
    for (const name of ['alder', 'cedar'] as const) {
      const asked = network().as(name).open('GET', `/jobs/${photographs().job.id}/results`);
      expect(await refusalOf(asked)).toMatchObject({ status: 403 });
    }
  });

  test('health, metrics and the OpenAPI document are served to those who may have them', async () => {
    expect((await fetch(`${birch().address}/livez`)).status).toBe(200);
    const ready = await birch().call<{ ready: boolean; dependencies: unknown[] }>('GET', '/readyz');
    expect(ready.ready).toBe(true);
    expect(ready.dependencies.length).toBeGreaterThanOrEqual(3);
    const metrics = await network().as('birch', 'operator').open('GET', '/metrics', { accept: '*/*' });
    expect(await metrics.text()).toMatch(/^# TYPE/m);
    expect((await fetch(`${birch().address}/metrics`)).status).toBe(401);
    const document = await birch().call<{ openapi: string; paths: Record<string, unknown> }>('GET', '/openapi.json');
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths).length).toBeGreaterThan(25);
  });

  const bearer = () => ({ authorization: `Bearer ${network().credentials.organizations.birch!.keys['data-team']}` });

  /** Ids of the next events of the channel. */
  async function eventIds(headers: Record<string, string>, count: number, query: string): Promise<string[]> {
    const response = await fetch(`${birch().address}/v1/events${query}`, {
      headers: { ...bearer(), ...headers },
      signal: AbortSignal.timeout(30_000),
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(piece, { stream: true });
      const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id!);
      if (ids.length < count) continue;
      return ids.slice(0, count);
    }
    throw new Error(`the stream ended after: ${text}`);
  }

  async function problemAt(organization: OrganizationName, path: string): Promise<Record<string, unknown>> {
    const { rest, keys } = network().credentials.organizations[organization]!;
    const response = await fetch(`${rest}/v1${path}`, { headers: { authorization: `Bearer ${keys['data-team']}` } });
    return { status: response.status, ...((await response.json()) as object) };
  }
}
