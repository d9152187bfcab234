import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { openEnvelope, preAuthenticationEncoding } from './dsse.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const type = 'application/vnd.in-toto+json';

function envelopeOf(
  payload: string,
  change: Record<string, unknown> = {},
  encoding: BufferEncoding = 'base64',
): Buffer {
  const bytes = Buffer.from(payload);
  const sig = sign('sha256', preAuthenticationEncoding(type, bytes), privateKey).toString(encoding);
  const envelope = {
    payload: bytes.toString(encoding),
    payloadType: type,
    signatures: [{ keyid: 'any', sig }],
    ...change,
  };
  return Buffer.from(JSON.stringify(envelope));
}

describe('a DSSE envelope', () => {
  test('signs the pre-authentication encoding of the specification', () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  test.each(['base64', 'base64url'] as const)('opens in %s', (encoding) => {
    expect(openEnvelope(envelopeOf('{"a":"\u00ff\u00fe?>"}', {}, encoding), type, publicKey)).toEqual({
      a: '\u00ff\u00fe?>',
    });
  });

  test.each([
    ['another payload', { payload: Buffer.from('{"a":2}').toString('base64') }],
    ['another type', { payloadType: 'text/plain' }],
    ['no signature', { signatures: [] }],
    ['two signatures', { signatures: [{ sig: 'AAAA' }, { sig: 'AAAA' }] }],
    ['a signature that is none', { signatures: [{ sig: 'AAAA' }] }],
    ['a signature that is not base64', { signatures: [{ sig: '***' }] }],
    ['a payload that is not base64', { payload: '*' }],
    ['signatures of null', { signatures: [null] }],
  ])('is refused with %s', (_, change) => {
    expect(() => openEnvelope(envelopeOf('{"a":1}', change), type, publicKey)).toThrow(/^ATTESTATION_INVALID: /);
  });

  test.each([
    ['payload', { payload: '*' }],
    ['signature', { signatures: [{ sig: 'AAA*' }] }],
    ['signature', { signatures: [{}] }],
  ])('is refused where its %s is not base64', (what, change) => {
    const open = () => openEnvelope(envelopeOf('{"a":1}', change), type, publicKey);
    expect(open).toThrow(`ATTESTATION_INVALID: the envelope's ${what} is not base64`);
  });

  test('is refused with a second signature beside a good one, and where it is no object', () => {
    const { signatures, ...rest } = JSON.parse(envelopeOf('{"a":1}').toString());
    const two = Buffer.from(JSON.stringify({ ...rest, signatures: [...signatures, ...signatures] }));
    expect(() => openEnvelope(two, type, publicKey)).toThrow('exactly one signature');
    expect(() => openEnvelope(Buffer.from('null'), type, publicKey)).toThrow(
      'ATTESTATION_INVALID: the envelope is not an object',
    );
  });

  test('of the largest size opens', () => {
    const text = JSON.stringify({ a: '"\\'.repeat(8000), b: 'x'.repeat(16_000) });
    expect(openEnvelope(envelopeOf(text), type, publicKey)).toEqual(JSON.parse(text));
  });

  test('is refused with another key, and where its payload is ambiguous', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(() => openEnvelope(envelopeOf('{"a":1}'), type, other)).toThrow('not signed with');
    expect(() => openEnvelope(envelopeOf('{"a":1,"a":2}'), type, publicKey)).toThrow('says a name twice');
    expect(() => openEnvelope(Buffer.from([255]), type, publicKey)).toThrow('not UTF-8');
    expect(() => openEnvelope(Buffer.from('[]'), type, publicKey)).toThrow('ATTESTATION_INVALID');
  });
});
