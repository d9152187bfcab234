import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { cidOf, isBlockOf, parseCid } from './cid.ts';
import { OwnNode } from './own-node.ts';

test('the CID of some bytes is the one that multiformats computes', async () => {
  for (const length of [0, 1, 100, 70_000]) {
    const bytes = randomBytes(length);
    expect(cidOf(bytes)).toBe(CID.create(1, raw.code, await sha256.digest(bytes)).toString());
  }
});

test('every single changed bit of a block is detected', () => {
  const bytes = randomBytes(512);
  const cid = cidOf(bytes);
  expect(isBlockOf(cid, bytes)).toBe(true);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(isBlockOf(cid, bytes)).toBe(false);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

test('a thousand malformed CIDs are refused without asking anybody', async () => {
  // Nothing listens on port 1, so a request would end in a fault and not in a refusal.
  await using node = new OwnNode({ id: 'nobody', address: 'http://127.0.0.1:1', token: 'a token that is never sent' });
  const true0 = cidOf(Buffer.from('x'));
  const wrong = fc.oneof(
    fc.string(),
    fc.nat(58).map((at) => `${true0.slice(0, at)}!${true0.slice(at + 1)}`),
    fc.nat(58).map((length) => true0.slice(0, length)),
    fc.string({ minLength: 1 }).map((tail) => true0 + tail),
    fc.constantFrom('b', 'f', 'z').map((base) => base + true0.slice(1).toUpperCase()),
    // The two spare bits at the end: another spelling of the same bytes.
    fc.constant(`${true0.slice(0, -1)}${String.fromCharCode(true0.charCodeAt(58) + 1)}`),
  );
  await fc.assert(
    fc.asyncProperty(wrong, async (cid) => {
      await expect(node.get(cid)).rejects.toMatchObject({ name: 'Refusal', code: 'CID_INVALID' });
    }),
    { numRuns: 1000 },
  );
});

test('every CID that is made is one that is read', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => parseCid(cidOf(bytes)) === cidOf(bytes)));
});
