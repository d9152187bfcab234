import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { InProcessChannel, TestGateway } from '../testing/index.ts';

const body = {
  title: 'Birds',
  licence: 'CC0-1.0',
  modality: 'images',
  terms: { access: 'granted', purposes: ['dpv:Research'] },
};

describe('a write with an Idempotency-Key', () => {
  let channel: InProcessChannel;
  let gateway: TestGateway;
  const registered = () => gateway.gateway.services.readModel.list('dataset').items.length;

  beforeEach(async () => {
    channel = new InProcessChannel();
    gateway = await new TestGateway(channel, 'alder').start();
    await gateway.call('PUT', '/v1/purposes', {
      role: 'admin',
      body: { purposes: [{ id: 'dpv:Research', label: 'Research' }] },
    });
  });
  afterEach(() => gateway[Symbol.asyncDispose]());

  test('is refused without the key', async () => {
    expect(await gateway.call('POST', '/v1/datasets', { body, key: null })).toMatchObject({
      status: 400,
      body: { code: 'IDEMPOTENCY_KEY_MISSING' },
    });
    expect(await gateway.call('POST', '/v1/datasets', { body, headers: { 'idempotency-key': 'a b' } })).toMatchObject({
      status: 400,
    });
  });

  test('gives its first answer again and has one effect, also in another spelling and after a restart', async () => {
    const first = await gateway.call('POST', '/v1/datasets', { body, key: 'k1' });
    const blocks = channel.blocks.length;
    const again = await gateway.call('POST', '/v1/datasets', {
      body: JSON.stringify(body, null, 2),
      headers: { 'idempotency-key': '"k1"' },
    });
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    await gateway.stop();
    await gateway.start();
    expect((await gateway.call('POST', '/v1/datasets', { body, key: 'k1' })).body).toEqual(first.body);
    expect(channel.blocks).toHaveLength(blocks);
  });

  test('refuses another body under the key, and takes the key from another person', async () => {
    await gateway.call('POST', '/v1/datasets', { body, key: 'k1' });
    const other = await gateway.call('POST', '/v1/datasets', { body: { ...body, title: 'Trees' }, key: 'k1' });
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    expect(
      await gateway.call('POST', '/v1/datasets', { body: { ...body, title: 'Trees' }, key: 'k1', role: 'model-owner' }),
    ).toMatchObject({ status: 201 });
    expect(registered()).toBe(2);
  });

  test('32 of the same at once have one effect: each gets the answer or is told that it runs', async () => {
    const answers = await Promise.all(
      Array.from({ length: 32 }, () => gateway.call('POST', '/v1/datasets', { body, key: 'k1' })),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map((answer) => answer.body.id)).size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expect(answer).toMatchObject({ status: 409, body: { code: 'REQUEST_RUNNING', retryable: true } });
    expect(registered()).toBe(1);
  });

  test('a gateway that died between commit and answer gives the first result, with the same id, when asked again', async () => {
    channel.afterCommit = () => {
      throw new Error('killed here');
    };
    expect(await gateway.call('POST', '/v1/datasets', { body, key: 'k1' })).toMatchObject({
      status: 500,
      body: { retryable: true },
    });
    channel.afterCommit = undefined;
    const [recorded] = gateway.gateway.services.readModel.list('dataset').items;
    await gateway.stop();
    await gateway.start();
    const again = await gateway.call('POST', '/v1/datasets', { body, key: 'k1' });
    expect(again).toMatchObject({
      status: 201,
      body: { id: recorded?.record.id, ledger: { transaction: recorded?.transaction } },
    });
    expect(registered()).toBe(1);
  });

  test("a refusal of the rules is an answer like any other, a scope's is not kept", async () => {
    const unknown = { ...body, terms: { access: 'granted', purposes: ['dpv:Nothing'] } };
    expect(await gateway.call('POST', '/v1/datasets', { body: unknown, key: 'k1' })).toMatchObject({
      status: 422,
      body: { code: 'PURPOSE_UNKNOWN' },
    });
    const again = await gateway.call('POST', '/v1/datasets', { body: unknown, key: 'k1' });
    expect(again).toMatchObject({ status: 422, body: { code: 'PURPOSE_UNKNOWN' } });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await gateway.call('POST', '/v1/datasets', { body, key: 'k2', role: 'compliance' })).toMatchObject({
      status: 403,
      body: { code: 'SCOPE_MISSING' },
    });
  });
});
