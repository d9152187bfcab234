import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type Answer, rawRest } from '../support/exchange.ts';
import type { Network } from '../support/network.ts';
import { badSample } from '../support/samples.ts';
import { research } from '../support/stories.ts';

const good = {
  title: 'A dataset',
  licence: 'CC0-1.0',
  modality: 'images',
  terms: { access: 'granted', purposes: [research] },
};

/** Requests that are not what they should be: SECURITY T-01, T-03 to T-06, T-08. */
export function badRequests(network: () => Network): void {
  const post = (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
    rawRest(network(), 'alder', '/v1/datasets', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
      body,
    });
  const datasets = async () => {
    const { body } = await rawRest(network(), 'alder', '/v1/datasets?limit=200');
    return JSON.parse(body.toString()).items.length as number;
  };

  describe('who asks', () => {
    test('every route answers 401 to every wrong key, and says the same to all', async () => {
      const { rest, keys } = network().credentials.organizations.alder!;
      const document = (await (
        await fetch(`${rest}/v1/openapi.json`, { headers: { authorization: `Bearer ${keys.admin}` } })
      ).json()) as { paths: Record<string, object> };
      const right = keys['data-team']!;
      const [, id, secret] = /^dck_([a-z2-7]+)_(.+)$/.exec(right)!;
      const other = network().credentials.organizations.birch!.keys['data-team']!;
      const wrong = [
        '',
        'Bearer',
        'Bearer ',
        `Bearer ${right.slice(0, -1)}`,
        `Bearer ${right}x`,
        `Bearer dck_${id}_${'A'.repeat(43)}`,
        `Bearer dck_${'a'.repeat(16)}_${secret}`,
        `Bearer ${other}`,
        `Basic ${Buffer.from(right).toString('base64')}`,
        right,
        `Bearer ${right}, Bearer ${right}`,
        'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.',
      ];
      let tried = 0;
      const open: string[] = [];
      for (const [template, methods] of Object.entries(document.paths)) {
        for (const method of Object.keys(methods)) {
          if (template.endsWith('/livez') || template.includes('/problems/') || template.endsWith('/openapi.json'))
            continue;
          const path = template.replace(/\{(\w+)\}/g, 'x');
          const answers = await Promise.all(
            wrong.map((authorization) =>
              rawRest(network(), 'alder', path, { method: method.toUpperCase(), headers: { authorization } }),
            ),
          );
          tried += answers.length;
          if (answers.some(({ status, code }) => status !== 401 || code !== 'UNAUTHENTICATED'))
            open.push(`${method} ${template}`);
        }
      }
      expect(open).toEqual([]);
      expect(tried).toBeGreaterThan(400);
    }, 120_000);
  });

  describe('what a body says', () => {
    test.each(['owner', 'id', 'state', 'epoch', 'ledger', 'versions', 'v', 'cardCommitment', 'surprise'])(
      'the unknown or server-owned field "%s" is refused with its name',
      async (field) => {
        const answer = await post(JSON.stringify({ ...good, [field]: 'x' }));
        expect(answer).toMatchObject({ status: 400, code: 'BODY_INVALID' });
        expect(answer.body.toString()).toContain(field);
      },
    );

    test.each([
      ['__proto__', '{"__proto__":{"polluted":true}}'],
      ['constructor', '{"constructor":{"prototype":{"polluted":true}}}'],
      ['__proto__ deep inside', `${JSON.stringify(good).slice(0, -2)},"__proto__":{"polluted":true}}}`],
      ['an escaped __proto__', '{"\\u005f_proto__":{"polluted":true}}'],
    ])('%s is refused and pollutes nothing', async (_, body) => {
      expect((await post(body)).status).toBe(400);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      expect((await rawRest(network(), 'alder', '/v1/purposes')).status).toBe(200);
    });

    test.each([
      ['duplicate keys', `${JSON.stringify(good).slice(0, -1)},"title":"another"}`],
      ['duplicate keys that look different', `${JSON.stringify(good).slice(0, -1)},"\\u0074itle":"another"}`],
      ['a number beyond what is exact', '{"title":9007199254740993}'],
      ['a number of a thousand digits', `{"title":${'1'.repeat(1000)}}`],
      ['a string of 100 KiB', JSON.stringify({ ...good, description: 'x'.repeat(100 * 1024) })],
      ['20,000 values', JSON.stringify({ ...good, keywords: Array(20_000).fill(1) })],
      ['a lone surrogate', `{"title":"\\ud800"}`],
      ['half a body', JSON.stringify(good).slice(0, 40)],
      ['two bodies', `${JSON.stringify(good)}${JSON.stringify(good)}`],
      ['no body', ''],
      ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
      ['a control character in a title', JSON.stringify({ ...good, title: 'a\u0000b' })],
      ['a character that turns the writing direction', JSON.stringify({ ...good, title: 'a\u202eb' })],
      [
        'a control character in a purpose',
        JSON.stringify({ ...good, terms: { access: 'granted', purposes: ['a\u0000b'] } }),
      ],
      [
        'the highest code point in a purpose',
        JSON.stringify({ ...good, terms: { access: 'granted', purposes: ['\u{10ffff}'] } }),
      ],
    ])('%s: 400, and nothing is registered', async (_, body) => {
      const before = await datasets();
      expect((await post(body)).status).toBe(400);
      expect(await datasets()).toBe(before);
    });

    test('JSON nested 100,000 deep is refused quickly, and the gateway goes on', async () => {
      const deep = await badSample('deep.json');
      const begun = performance.now();
      expect((await post(deep)).status).toBe(400);
      expect(performance.now() - begun).toBeLessThan(5_000);
      expect((await rawRest(network(), 'alder', '/livez')).status).toBe(200);
    });

    test('a body over the limit is refused as too large', async () => {
      expect((await post(JSON.stringify({ ...good, description: 'x'.repeat(2 ** 21) }))).status).toBe(413);
    });

    test('a compressed body is refused and not unpacked', async () => {
      const body = gzipSync(Buffer.alloc(50 * 2 ** 20));
      expect(await post(body, { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 });
      expect(await post(JSON.stringify(good), { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    });
  });

  describe('what a request names', () => {
    test.each([
      ['dset_short'],
      [`dset_${'A'.repeat(26)}`],
      ['dset_..%2f..%2f..%2fetc%2fpasswd'],
      [`dset_${'a'.repeat(25)}%00`],
      [`dset_${'a'.repeat(26)}%0d%0aX-Evil:%201`],
      [`vers_${'a'.repeat(26)}`],
      ['%F0%90'],
      ['%'],
    ])('the id %s is refused as malformed, before anything is looked up', async (id) => {
      expect((await rawRest(network(), 'alder', `/v1/datasets/${id}`)).status).toBe(400);
    });

    test('a path that climbs is no route', async () => {
      for (const path of [
        '/v1/../v1/datasets',
        '/v1//datasets',
        '/v1/datasets/',
        '/V1/datasets',
        '/v1/%64atasets/x/../..',
        '/etc/passwd',
      ]) {
        const { status } = await rawRest(network(), 'alder', path);
        expect([path, status < 500 && status !== 200]).toEqual([path, true]);
      }
      expect(await rawRest(network(), 'alder', '/v1/datasets', { method: 'DELETE' })).toMatchObject({ status: 405 });
    });

    test('a write without an Idempotency-Key, or with one of wrong characters, is refused', async () => {
      const headers = { 'content-type': 'application/json' };
      const send = (more: Record<string, string>) =>
        rawRest(network(), 'alder', '/v1/datasets', {
          method: 'POST',
          headers: { ...headers, ...more },
          body: JSON.stringify(good),
        });
      expect(await send({})).toMatchObject({ status: 400, code: 'IDEMPOTENCY_KEY_MISSING' });
      for (const key of ['', 'a b', 'a\tb', 'x'.repeat(129), 'ä', 'a"b', 'a\\b'])
        expect(await send({ 'idempotency-key': key })).toMatchObject({ status: 400 });
    });

    test('an unknown query parameter, a repeated one and a wrong value are refused', async () => {
      for (const query of [
        '?limitt=3',
        '?limit=1&limit=2',
        '?limit=0',
        '?limit=-1',
        '?limit=1e2',
        '?cursor=zzz',
        '?owner=no%00msp',
      ])
        expect([query, (await rawRest(network(), 'alder', `/v1/datasets${query}`)).status]).toEqual([query, 400]);
    });
  });
}
