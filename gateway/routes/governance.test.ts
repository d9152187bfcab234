import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InProcessChannel, type Loose, TestGateway } from '../testing/index.ts';

const research = 'dpv:AcademicResearch';
const marketing = 'dpv:Marketing';

describe('governance over REST', () => {
  const channel = new InProcessChannel();
  let alder: TestGateway;
  let birch: TestGateway;
  let cedar: TestGateway;
  let photos: Loose;

  beforeAll(async () => {
    alder = await new TestGateway(channel, 'alder').start();
    birch = await new TestGateway(channel, 'birch').start();
    cedar = await new TestGateway(channel, 'cedar').start();
    for (const [at, gateway] of [alder, birch, cedar].entries()) {
      const { mspId, name } = gateway.config.organization;
      const agreementKey = Buffer.alloc(32, at + 1).toString('base64');
      await channel.consortium.submit(
        'organization:register',
        { name, gatewayAddress: `https://127.0.0.1:${9_000 + at}`, agreementKey },
        { as: channel.consortium.identity(mspId, 'admin') },
      );
    }
    const purposes = [research, marketing].map((id) => ({ id, label: id.slice(4) }));
    expect(await cedar.call('PUT', '/v1/purposes', { role: 'admin', body: { purposes } })).toMatchObject({
      status: 200,
    });
    const answer = await alder.call('POST', '/v1/datasets', { body: datasetBody('Photographs of birds') });
    expect(answer).toMatchObject({ status: 201 });
    photos = answer.body;
  });
  afterAll(async () => {
    for (const gateway of [alder, birch, cedar]) await gateway[Symbol.asyncDispose]();
  });

  const datasetBody = (title: string, more: object = {}) => ({
    title,
    description: 'Taken in autumn',
    keywords: ['birds', 'forest'],
    licence: 'CC-BY-4.0',
    modality: 'images',
    terms: { access: 'granted', purposes: [research] },
    ...more,
  });
  const caughtUp = (gateway: TestGateway) => gateway.gateway.services.readModel.waitFor(channel.blocks.length - 1);

  test('purposes are read by everyone and defined by admins alone', async () => {
    await caughtUp(birch);
    const { body } = await birch.call('GET', '/v1/purposes', { role: 'operator' });
    expect(body).toMatchObject({
      purposes: [{ id: research }, { id: marketing }],
      ledger: { block: expect.any(Number) },
    });
    const refused = await birch.call('PUT', '/v1/purposes', { body: { purposes: body.purposes } });
    expect(refused).toMatchObject({ status: 403, body: { code: 'SCOPE_MISSING' } });
  });

  test("a registered dataset is found by another organization's words", async () => {
    await caughtUp(birch);
    const found = await birch.call('GET', '/v1/datasets?query=photo%20bir&modality=images');
    expect(found.body.items).toMatchObject([
      { id: photos.id, owner: 'AlderMSP', card: { title: 'Photographs of birds', licence: 'CC-BY-4.0' } },
    ]);
    expect(found.body.block).toBe(channel.blocks.length - 1);
    expect((await birch.call('GET', '/v1/datasets?query=trains')).body.items).toEqual([]);
    expect((await birch.call('GET', `/v1/datasets/${photos.id}`)).body.ledger).toEqual(photos.ledger);
  });

  test('a grant is asked for, issued narrower, counted, and revoked', async () => {
    await caughtUp(birch);
    const terms = { actions: ['read'], purposes: [research], rows: '1000' };
    const asked = await birch.call('POST', '/v1/grants', { body: { dataset: photos.id, terms, note: 'for a paper' } });
    expect(asked).toMatchObject({ status: 201, body: { state: 'requested', grantee: 'BirchMSP' } });
    const path = asked.headers.get('location');
    expect(path).toBe(`/v1/grants/${asked.body.id}`);
    await caughtUp(alder);
    expect((await alder.call('GET', '/v1/grants?state=requested')).body.items).toMatchObject([
      { id: asked.body.id, note: 'for a paper' },
    ]);
    const issued = await alder.call('POST', `${path}/issue`, { body: { terms: { ...terms, rows: '10' } } });
    expect(issued).toMatchObject({ status: 200, body: { state: 'issued', terms: { rows: '10' } } });
    expect(issued.body.issuedBy).toBe(issued.body.ledger.transaction);
    await caughtUp(birch);
    const seen = await birch.call('GET', path ?? '');
    expect(seen.body).toMatchObject({ state: 'issued', counter: { rowsReserved: '0', usesReserved: 0 } });
    expect(await birch.call('POST', `${path}/revoke`, { body: { reason: 'x' } })).toMatchObject({
      status: 403,
      body: { code: 'CALLER_NOT_OWNER' },
    });
    expect(await alder.call('POST', `${path}/revoke`, { body: { reason: 'over' } })).toMatchObject({
      status: 200,
      body: { state: 'revoked', reason: 'over' },
    });
  });

  test('a purpose outside the terms is refused with its code', async () => {
    const terms = { actions: ['read'], purposes: [marketing] };
    const answer = await birch.call('POST', '/v1/grants', { body: { dataset: photos.id, terms } });
    expect(answer).toMatchObject({
      status: 403,
      body: { code: 'PURPOSE_MISMATCH', retryable: false, instance: '/v1/grants' },
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('a grant of two others is absent, word for word like one that does not exist', async () => {
    const terms = { actions: ['read'], purposes: [research] };
    const { body: grant } = await alder.call('POST', '/v1/grants', {
      body: { dataset: photos.id, grantee: 'BirchMSP', terms },
    });
    expect(grant.state).toBe('issued');
    await caughtUp(cedar);
    const nothing = 'grnt_aaaaaaaaaaaaaaaaaaaaaaaaaa';
    const strip = ({ status, body: { instance, traceId, ...rest } }: Loose) => ({ status, ...rest });
    for (const [method, suffix, body] of [
      ['GET', '', undefined],
      ['POST', '/issue', {}],
      ['POST', '/revoke', { reason: 'x' }],
      ['POST', '/refuse', { reason: 'x' }],
    ] as const) {
      const options = { role: 'admin', ...(body !== undefined && { body }) } as const;
      const others = strip(await cedar.call(method, `/v1/grants/${grant.id}${suffix}`, options));
      expect(others).toMatchObject({ status: 404, code: 'GRANT_NOT_FOUND' });
      expect(strip(await cedar.call(method, `/v1/grants/${nothing}${suffix}`, options))).toEqual(others);
    }
    expect((await cedar.call('GET', '/v1/grants')).body.items).toEqual([]);
  });

  test('a model is registered on its dataset, and nodes come, drain and go', async () => {
    const weights = await cedar.call('POST', '/v1/datasets', {
      role: 'model-owner',
      body: datasetBody('Weights', { modality: 'model', terms: { access: 'members', purposes: [research] } }),
    });
    const model = await cedar.call('POST', '/v1/models', {
      role: 'model-owner',
      body: { dataset: weights.body.id, name: 'EfficientNet', task: 'image-classification' },
    });
    expect(model).toMatchObject({ status: 201, body: { approvalsNeeded: 1, versions: 0 } });
    expect((await cedar.call('GET', `/v1/models/${model.body.id}`)).body).toMatchObject({
      name: 'EfficientNet',
      newest: [],
    });
    const node = await cedar.call('POST', '/v1/storage-nodes', {
      role: 'operator',
      body: { host: 'c1', disk: 'd1', capacityBytes: '1000', pricePerGibMonth: '12' },
    });
    expect(node).toMatchObject({ status: 201, body: { state: 'active', organization: 'CedarMSP' } });
    await caughtUp(alder);
    expect((await alder.call('GET', '/v1/storage-nodes', { role: 'operator' })).body.items).toMatchObject([
      { id: node.body.id, capacityBytes: '1000', pricePerGibMonth: '12' },
    ]);
    expect(await alder.call('POST', `/v1/storage-nodes/${node.body.id}/drain`, { role: 'operator' })).toMatchObject({
      status: 403,
      body: { code: 'CALLER_NOT_OWNER' },
    });
    expect(await cedar.call('POST', `/v1/storage-nodes/${node.body.id}/drain`, { role: 'operator' })).toMatchObject({
      status: 200,
      body: { state: 'draining' },
    });
    expect(
      await cedar.call('POST', `/v1/storage-nodes/${node.body.id}/leave`, { role: 'operator', body: {} }),
    ).toMatchObject({ status: 200, body: { state: 'left' } });
    expect((await cedar.call('GET', '/v1/storage-nodes?state=left')).body.items).toHaveLength(1);
  });

  test('every write names its transaction, and the transaction says whose it was', async () => {
    const { body } = await birch.call('GET', `/v1/transactions/${photos.ledger.transaction}`);
    expect(body).toMatchObject({
      creator: 'AlderMSP',
      function: 'dataset:register',
      validation: 'VALID',
      block: photos.ledger.block,
    });
  });

  test('a retired dataset takes no further grant', async () => {
    const { body: old } = await alder.call('POST', '/v1/datasets', { body: datasetBody('Old') });
    expect(await alder.call('POST', `/v1/datasets/${old.id}/retire`, { body: { reason: 'superseded' } })).toMatchObject(
      { status: 200, body: { state: 'retired' } },
    );
    const terms = { actions: ['read'], purposes: [research] };
    expect(await birch.call('POST', '/v1/grants', { body: { dataset: old.id, terms } })).toMatchObject({
      status: 403,
      body: { code: 'DATASET_RETIRED' },
    });
  });

  test('events arrive as CloudEvents and resume after the last one seen', async () => {
    const { body: first } = await alder.call('POST', '/v1/datasets', { body: datasetBody('First') });
    const { body: second } = await alder.call('POST', '/v1/datasets', { body: datasetBody('Second') });
    const stop = new AbortController();
    const stream = await alder.fetch('GET', '/v1/events?kinds=dataset', {
      headers: { 'last-event-id': `dcloud:${first.ledger.block}:0:0` },
      signal: stop.signal,
    });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    for await (const bytes of stream.body!) {
      text += Buffer.from(bytes).toString();
      if (text.includes('data: ')) break;
    }
    stop.abort();
    expect(text).toContain(`id: dcloud:${second.ledger.block}:0:0\nevent: dataset.registered\n`);
    const event = JSON.parse(/data: (.*)/.exec(text)?.[1] ?? '');
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'dcloud.dataset.registered',
      subject: second.id,
      source: 'fabric://dcloud/dcloud',
    });
    const wrong = await alder.call('GET', '/v1/events', { headers: { 'last-event-id': 'other:1:0:0' } });
    expect(wrong).toMatchObject({ status: 400, body: { code: 'CURSOR_INVALID' } });
  });
});
