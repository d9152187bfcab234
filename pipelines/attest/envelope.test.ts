import { generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto';
import { keyIdOf, openEnvelope, preAuthenticationEncoding } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { type Envelope, EnvelopeInvalid, p256Signer, readEnvelope, signEnvelope, verifyEnvelope } from './envelope.ts';

const type = 'application/vnd.in-toto+json';
const payload = Buffer.from('{"hello":"world"}');
const pairs = [1, 2, 3].map(() => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
const signers = pairs.map(({ privateKey }) => p256Signer(privateKey));
const keys = pairs.map(({ publicKey }) => publicKey);

describe('a DSSE envelope', () => {
  test('signs the pre-authentication encoding of the specification', () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  test('verifies with its key and gives the very payload', async () => {
    const envelope = readEnvelope(JSON.parse(JSON.stringify(await signEnvelope(type, payload, signers.slice(0, 1)))));
    const verified = verifyEnvelope(envelope, type, keys);
    expect(Buffer.from(verified.payload).equals(payload)).toBe(true);
    expect(verified.keyIds).toEqual([keyIdOf(keys[0] as KeyObject)]);
  });

  test('is what the chaincode reads', async () => {
    const envelope = await signEnvelope(type, payload, signers.slice(0, 1));
    const opened = openEnvelope(Buffer.from(JSON.stringify(envelope)), type, keys[0] as KeyObject);
    expect(opened).toEqual({ hello: 'world' });
  });

  test('counts unique keys, not signatures, and believes no keyid', async () => {
    const [one] = signers;
    const envelope = await signEnvelope(type, payload, [one as never, one as never]);
    const renamed = envelope.signatures.map(({ sig }, at) => ({ sig, keyid: keyIdOf(keys[at] as KeyObject) }));
    for (const signatures of [envelope.signatures, renamed]) {
      expect(() => verifyEnvelope({ ...envelope, signatures }, type, [...keys, ...keys], 2)).toThrow(EnvelopeInvalid);
      expect(verifyEnvelope({ ...envelope, signatures }, type, keys).keyIds).toHaveLength(1);
    }
    const two = await signEnvelope(type, payload, signers.slice(0, 2));
    const swapped = { ...two, signatures: [...two.signatures].reverse().map(({ sig }) => ({ sig })) };
    expect(verifyEnvelope(swapped, type, keys, 2).keyIds).toHaveLength(2);
    expect(() => verifyEnvelope(two, type, keys.slice(1), 2)).toThrow(EnvelopeInvalid);
  });

  test('is read in standard and in URL-safe base64', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    const envelope = await signEnvelope(type, bytes, signers.slice(0, 1));
    const safe = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const urlSafe: Envelope = {
      ...envelope,
      payload: safe(envelope.payload),
      signatures: envelope.signatures.map(({ sig }) => ({ sig: safe(sig) })),
    };
    expect(urlSafe.payload).not.toBe(envelope.payload);
    expect(Buffer.from(verifyEnvelope(urlSafe, type, keys).payload).equals(bytes)).toBe(true);
  });

  test('with another type, payload, key or form is refused', async () => {
    const envelope = await signEnvelope(type, payload, signers.slice(0, 1));
    const changed: Envelope[] = [
      { ...envelope, payloadType: 'text/plain' },
      { ...envelope, payload: Buffer.from('{"hello":"w0rld"}').toString('base64') },
      { ...envelope, payload: `${envelope.payload}!` },
      { ...envelope, signatures: [{ sig: randomBytes(70).toString('base64') }] },
    ];
    for (const other of changed) expect(() => verifyEnvelope(other, type, keys)).toThrow(EnvelopeInvalid);
    expect(() => verifyEnvelope(envelope, type, keys.slice(1))).toThrow(EnvelopeInvalid);
    expect(() => verifyEnvelope(envelope, type, keys, 0)).toThrow(RangeError);
    for (const shape of [
      null,
      7,
      {},
      { ...envelope, signatures: [] },
      { ...envelope, signatures: [null] },
      { ...envelope, payload: 1 },
    ])
      expect(() => readEnvelope(shape)).toThrow(EnvelopeInvalid);
  });

  test('signatures have the lower s and are well-formed DER', () => {
    const half = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;
    const [signer] = signers;
    for (let round = 0; round < 300; round++) {
      const bytes = randomBytes(10);
      const signature = Buffer.from(signer?.sign(bytes) as Uint8Array);
      expect(verify('sha256', bytes, keys[0] as KeyObject, signature)).toBe(true);
      const sAt = 4 + (signature[3] ?? 0);
      expect(BigInt(`0x${signature.subarray(sAt + 2).toString('hex')}`) <= half).toBe(true);
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(() => p256Signer(privateKey)).toThrow(RangeError);
  });
});
