import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { checkPublicKey, generateKeyPair, publicKeyOf } from './key-pair.ts';
import { openKeyRelease, parseKeyRelease, type ReleaseContext, sealKeyRelease } from './key-release.ts';
import { deriveSegmentKey } from './segment-key.ts';
import { unwrapKey, wrapKey } from './wrap-key.ts';

const invalid = expect.objectContaining({ name: 'SealFault', code: 'KEY_INVALID' });

const context: ReleaseContext = {
  channel: 'dcloud',
  dataset: 'dset_a',
  version: 'vers_a',
  epoch: 3,
  grantee: 'BirchMSP',
  purpose: 'dpv:ScientificResearch',
  transaction: 'ab'.repeat(32),
};

/** u-coordinates of the points whose order divides 8 (RFC 7748; https://cr.yp.to/ecdh.html), little-endian. */
const lowOrder = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
];

describe('a key release', () => {
  test('opens with the recipient’s key in its own context', async () => {
    const pair = generateKeyPair();
    const payload = randomBytes(5000);
    const release = await sealKeyRelease(pair.publicKey, context, payload);
    const travelled = parseKeyRelease(JSON.parse(JSON.stringify(release)));
    expect(Buffer.from(await openKeyRelease(pair, context, travelled)).equals(payload)).toBe(true);
    expect(Buffer.from(publicKeyOf(pair.privateKey)).equals(pair.publicKey)).toBe(true);
  });

  test('opens with no other key, and in no context that differs in any field', async () => {
    const pair = generateKeyPair();
    const release = await sealKeyRelease(pair.publicKey, context, randomBytes(32));
    await expect(openKeyRelease(generateKeyPair(), context, release)).rejects.toEqual(invalid);
    const fields = Object.keys(context) as (keyof ReleaseContext)[];
    expect(fields).toHaveLength(7);
    for (const field of fields) {
      const other = { ...context, [field]: field === 'epoch' ? 2 : `${context[field]}x` };
      await expect(openKeyRelease(pair, other, release)).rejects.toEqual(invalid);
    }
  });

  test('is not made for points of low order or second names of a point', async () => {
    for (const point of lowOrder)
      await expect(sealKeyRelease(Buffer.from(point, 'hex'), context, randomBytes(32))).rejects.toEqual(invalid);
    const honest = generateKeyPair().publicKey;
    const topBit = Buffer.from(honest);
    topBit[31] = (topBit[31] ?? 0) | 0x80;
    const beyondPrime = Buffer.from(`f0${'ff'.repeat(30)}7f`, 'hex');
    for (const key of [topBit, beyondPrime, honest.subarray(1)])
      expect(() => checkPublicKey(key)).toThrow(invalid as never);
    expect(() => checkPublicKey(honest)).not.toThrow();
  });

  test('with an encapsulated key of low order, a flipped byte or another shape is refused', async () => {
    const pair = generateKeyPair();
    const release = await sealKeyRelease(pair.publicKey, context, randomBytes(32));
    for (const point of lowOrder) {
      const enc = Buffer.from(point, 'hex').toString('base64');
      await expect(openKeyRelease(pair, context, { ...release, enc })).rejects.toEqual(invalid);
    }
    const bytes = Buffer.from(release.ciphertext, 'base64');
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await expect(openKeyRelease(pair, context, { ...release, ciphertext: bytes.toString('base64') })).rejects.toEqual(
        invalid,
      );
      bytes[at] = (bytes[at] ?? 0) ^ 1;
    }
    for (const shape of [
      null,
      [],
      {},
      { ...release, v: 2 },
      { ...release, more: 1 },
      { ...release, enc: '!' },
      { ...release, suite: 'none' },
    ])
      expect(() => parseKeyRelease(shape)).toThrow(invalid as never);
  });
});

describe('a wrapped key', () => {
  const wrapping = { channel: 'dcloud', dataset: 'dset_a', version: 'vers_a', epoch: 1, kind: 'cek' };
  const datasetKey = randomBytes(32);

  test('opens under its dataset key in its own context', () => {
    const cek = randomBytes(32);
    expect(Buffer.from(unwrapKey(datasetKey, wrapKey(datasetKey, cek, wrapping), wrapping)).equals(cek)).toBe(true);
  });

  test('opens under no other dataset key, dataset, version, epoch, channel or kind, and with no byte changed', () => {
    const wrapped = wrapKey(datasetKey, randomBytes(32), wrapping);
    expect(() => unwrapKey(randomBytes(32), wrapped, wrapping)).toThrow(invalid as never);
    for (const field of ['channel', 'dataset', 'version', 'kind'] as const)
      expect(() => unwrapKey(datasetKey, wrapped, { ...wrapping, [field]: 'other' })).toThrow(invalid as never);
    expect(() => unwrapKey(datasetKey, wrapped, { ...wrapping, epoch: 2 })).toThrow(invalid as never);
    for (let at = 0; at < wrapped.length; at++) {
      const flipped = Buffer.from(wrapped);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      expect(() => unwrapKey(datasetKey, flipped, wrapping)).toThrow(invalid as never);
    }
    expect(() => unwrapKey(datasetKey, Buffer.concat([wrapped, Buffer.alloc(1)]), wrapping)).toThrow(invalid as never);
  });
});

describe('a segment key', () => {
  test('is one of its own for each of 24,000 versions, segments, tokens and content keys', () => {
    const keys = new Set<string>();
    const [first, second, s] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const secrets = [{ cek: first }, { cek: second }, { cek: first, s }];
    for (const secret of secrets)
      for (let at = 0; at < 20; at++)
        for (let index = 0; index < 40; index++)
          for (let token = 0; token < 10; token++)
            keys.add(Buffer.from(deriveSegmentKey(secret, { version: `vers_${at}`, index, token })).toString('hex'));
    expect(keys.size).toBe(24_000);
  });
});
