import { gzipSync } from 'node:zlib';
import type { MspId } from '@d-cloud/chaincode/domain';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { routes } from '../routes/index.ts';
import { gatewayLog } from '../service/gateway-log.ts';
import { InProcessChannel, TestGateway } from '../testing/index.ts';

const pathOf = (path: string) =>
  path
    .replace(':version', 'vers_aaaaaaaaaaaaaaaaaaaaaaaaaa')
    .replace(':number', '1')
    .replace(/:(\w+)/g, 'x');

describe('the REST interface', () => {
  const channel = new InProcessChannel();
  let gateway: TestGateway;
  let birch: TestGateway;

  beforeAll(async () => {
    gateway = await new TestGateway(channel, 'alder').start();
    birch = await new TestGateway(channel, 'birch').start();
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await birch[Symbol.asyncDispose]();
  });
  const dataset = (change: object = {}) => ({
    title: 'x',
    licence: 'x',
    modality: 'images',
    terms: { access: 'granted', purposes: ['p'] },
    ...change,
  });

  test('every route but liveness answers 401 to every malformed, foreign or revoked key, in the same words', async () => {
    const guarded = routes.filter(({ scope }) => scope !== 'anyone');
    expect(guarded.length).toBeGreaterThan(30);
    expect(routes.filter(({ scope }) => scope === 'anyone').map(({ operation }) => operation)).toEqual(['health.live']);
    const good = gateway.apiKey('admin');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const wrong = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      good,
      `Basic ${good}`,
      `Bearer ${good}x`,
      `Bearer ${good.slice(0, -1)}`,
      `Bearer ${birch.apiKey('admin')}`,
      `Bearer dck_${'a'.repeat(16)}_${'A'.repeat(43)}`,
      `Bearer ${none}.${none}.`,
      `Bearer ${good}, Bearer ${good}`,
    ];
    const seen = new Set<string>();
    for (const { method, path } of guarded) {
      for (const authorization of wrong) {
        const response = await fetch(`${gateway.gateway.rest}${pathOf(path)}`, {
          method: method.toUpperCase(),
          headers: authorization === undefined ? {} : { authorization },
        });
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Bearer realm="d-cloud"');
        const { instance, traceId, ...rest } = (await response.json()) as Record<string, unknown>;
        seen.add(JSON.stringify(rest));
      }
    }
    expect(seen.size).toBe(1);
  });

  test('liveness needs no key; readiness and metrics do, and tell of each part', async () => {
    expect(await (await fetch(`${gateway.gateway.rest}/livez`)).json()).toEqual({ alive: true });
    expect((await fetch(`${gateway.gateway.rest}/readyz`)).status).toBe(401);
    expect(await gateway.call('GET', '/readyz', { role: 'operator' })).toMatchObject({
      status: 200,
      body: {
        ready: true,
        dependencies: [
          { name: 'ledger', ready: true },
          { name: 'read model', ready: true },
        ],
      },
    });
    const metrics = await gateway.fetch('GET', '/metrics', { role: 'operator' });
    expect(await metrics.text()).toContain('dcloud_gateway_request_seconds_bucket');
  });

  test.each([
    ['an unknown field', dataset({ colour: 'red' }), '/colour'],
    ['a server-owned field', dataset({ owner: 'BirchMSP' }), '/owner'],
    [
      'a server-owned field deep inside',
      dataset({ terms: { access: 'granted', purposes: ['p'], inherited: {} } }),
      '/terms/inherited',
    ],
    ['a wrong type', dataset({ title: 7 }), '/title'],
    ['a control character', dataset({ title: 'a\u0000b' }), '/title'],
    ['a turned writing direction', dataset({ title: 'a\u202eb' }), '/title'],
    ['what only jobs make', dataset({ modality: 'results' }), '/modality'],
    ['a purpose twice', dataset({ terms: { access: 'granted', purposes: ['p', 'p'] } }), '/terms/purposes'],
  ])('%s is 400 and pointed at', async (_what, body, pointer) => {
    expect(await gateway.call('POST', '/v1/datasets', { body })).toMatchObject({
      status: 400,
      body: { code: 'BODY_INVALID', errors: expect.arrayContaining([expect.objectContaining({ pointer })]) },
    });
  });

  test('JSON that parsers disagree about is 400 and pollutes nothing', async () => {
    for (const body of [
      '{"title":"a","title":"b"}',
      '{"__proto__":{"polluted":1}}',
      '{"constructor":{"prototype":{"polluted":1}}}',
      '['.repeat(100_000),
      `{"a":${'9'.repeat(41)}}`,
      '{"a":1}x',
      '\ufeff{}',
      '',
    ]) {
      const started = performance.now();
      const answer = await gateway.call('POST', '/v1/datasets', { body });
      expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
      expect(performance.now() - started).toBeLessThan(500);
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('bodies that are compressed, of another type, too large or not UTF-8 are refused before they are parsed', async () => {
    const call = (body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string>) =>
      fetch(`${gateway.gateway.rest}/v1/datasets`, {
        method: 'POST',
        body,
        headers: {
          authorization: `Bearer ${gateway.apiKey('data-team')}`,
          'idempotency-key': 'k',
          'content-type': 'application/json',
          ...headers,
        },
      });
    expect((await call(new Uint8Array(gzipSync('{}')), { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await call('<a/>', { 'content-type': 'text/xml' })).status).toBe(415);
    expect((await call(`"${'x'.repeat(1024 * 1024)}"`, {})).status).toBe(413);
    expect((await call(new Uint8Array([0x22, 0xff, 0x22]), {})).status).toBe(400);
    expect((await gateway.fetch('GET', '/v1/datasets', {})).status).toBe(200);
  });

  test('queries are as strict as bodies', async () => {
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=1e2',
      'limit=2&limit=3',
      'colour=red',
      'owner=%00',
      'cursor=zzz',
      `query=${'x'.repeat(5_000)}`,
    ]) {
      expect(await gateway.call('GET', `/v1/datasets?${query}`)).toMatchObject({
        status: 400,
        body: { retryable: false },
      });
    }
    expect(await gateway.call('GET', '/v1/purposes?x=1')).toMatchObject({ status: 400 });
  });

  test('unknown paths are 404, other methods 405 with what is offered, bad escapes 400', async () => {
    expect(await gateway.call('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { code: 'ROUTE_NOT_FOUND' } });
    const answer = await gateway.call('DELETE', '/v1/datasets');
    expect(answer).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } });
    expect(answer.headers.get('allow')).toBe('POST, GET');
    expect(await gateway.call('GET', '/v1/datasets/%E0%A4%A')).toMatchObject({ status: 400 });
    expect(await gateway.call('GET', '/v1/datasets/..%2f..%2fetc')).toMatchObject({ status: 400 });
  });

  test('a trace goes on, or begins, and the problem names it', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await gateway.call('GET', '/v1/purposes', {
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    });
    expect(answer).toMatchObject({ status: 404, body: { traceId } });
    expect((await gateway.call('GET', '/v1/purposes', { headers: { traceparent: 'nonsense' } })).body.traceId).toMatch(
      /^[0-9a-f]{32}$/,
    );
  });

  test('an answer that the caller has already is 304', async () => {
    const first = await gateway.fetch('GET', '/v1/openapi.json');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^".{22}"$/);
    expect((await gateway.fetch('GET', '/v1/openapi.json', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  test('a key that asks too often is told when to come back, and others are served', async () => {
    await using small = new TestGateway(channel, 'cedar');
    Object.assign(small.config.limits, { requestsPerMinute: 3 });
    await small.start();
    for (let at = 0; at < 3; at++) expect((await small.fetch('GET', '/v1/organizations')).status).toBe(200);
    const limited = await small.call('GET', '/v1/organizations');
    expect(limited).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', retryable: true } });
    expect(limited.headers.get('retry-after')).not.toBeNull();
    expect(limited.headers.get('ratelimit')).toContain('per-key');
    expect((await small.fetch('GET', '/v1/organizations', { role: 'operator' })).status).toBe(200);
  });

  test('no log line and no answer has a secret in it', async () => {
    const lines: string[] = [];
    const log = gatewayLog(
      { logLevel: 'debug', organization: { name: 'elm', mspId: 'ElmMSP' as MspId } },
      { write: (line) => void lines.push(line) },
    );
    await using noisy = await new TestGateway(channel, 'elm', { log }).start();
    const canary = 'canary-4711';
    const answers = [
      await noisy.call('POST', '/v1/datasets', { body: dataset({ title: canary, colour: canary }) }),
      await noisy.call('POST', '/v1/datasets', { body: `{"title":"${canary}` }),
      await noisy.call('POST', '/v1/datasets', { body: dataset({ title: canary }) }),
      await noisy.call('GET', '/v1/purposes', { headers: { authorization: `Bearer ${canary}` } }),
      await noisy.call('GET', '/v1/datasets'),
    ];
    log.warn({ secretKey: canary, deep: { token: canary, deeper: { authorization: canary } } }, 'careless');
    const key = noisy.apiKey('data-team').slice(21);
    const seen = lines.join('') + JSON.stringify(answers.map(({ body }) => body));
    expect(lines.length).toBeGreaterThan(7);
    for (const secret of [canary, key, 'elm'.padEnd(32, '.')]) expect(seen).not.toContain(secret);
  });

  test('stopping ends streams of events at once and lets other requests finish', async () => {
    const third = await new TestGateway(channel, 'dogwood').start();
    const stream = await third.fetch('GET', '/v1/events');
    const reading = (async () => {
      let text = '';
      for await (const bytes of stream.body!) text += Buffer.from(bytes).toString();
      return text;
    })();
    const started = performance.now();
    await third.stop();
    expect(await reading).toContain(': watching');
    expect(performance.now() - started).toBeLessThan(5_000);
    await third[Symbol.asyncDispose]();
  });

  test('more headers, or longer ones, than bounds allow are refused', async () => {
    const response = await fetch(`${gateway.gateway.rest}/v1/livez`, { headers: { 'x-long': 'x'.repeat(17_000) } });
    expect(response.status).toBe(431);
  });
});
