/** What an attacker gets who has the content key of a version, out of a key store or a backup, and the disks of k - 1 storage nodes. */
import { createDecipheriv, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { headerBytes, preludeBytes } from './layout.ts';
import { sealSegments } from './seal-segments.ts';
import { deriveSegmentKey, type VersionSecret } from './segment-key.ts';
import { combineShares, splitSecret } from './shamir.ts';
import { encodeShare, shareDigests } from './share-block.ts';
import { choices, SlotMemory, segmentsFrom, slotsFor } from './testing/slot-memory.ts';
import { SealThreads } from './threads/seal-threads.ts';

const threads = new SealThreads(1);
afterAll(() => threads[Symbol.asyncDispose]());

const scheme = { k: 4, n: 7 };
const version = 'vers_abcdefghijklmnopqrstuvwxya';
const name = { version, index: 0, token: 0 };
/** A text that repeats, so that any piece of it is known when it is seen. */
const canary = 'nobody but its readers shall see this sentence; ';
const plain = Buffer.from(canary.repeat(2_000));

async function stored(secret: VersionSecret) {
  const store = new SlotMemory();
  const shares =
    secret.s === undefined
      ? []
      : splitSecret(secret.s, scheme, randomBytes(32 * (scheme.k - 1))).map((one) => ({
          ...one,
          block: encodeShare(one, scheme),
        }));
  await sealSegments(segmentsFrom([{ bytes: plain, rows: 1 }]), {
    version,
    secret,
    ...(shares.length > 0 && { shares: shareDigests(shares.map(({ block }) => block)) }),
    token: 0,
    firstSegment: 0,
    scheme,
    slots: slotsFor(scheme.n),
    schemaHash: '0'.repeat(64),
    threads,
    put: store.put,
  });
  const fragments = Array.from({ length: scheme.n }, (_, slot) => [...store.blocks.get(slot)!.values()][0]!);
  return { fragments, shares };
}

/** Reads a data fragment as the piece of the AES-GCM message that it is: counter mode from the place where it begins (NIST SP 800-38D, 6.5). */
function peek(key: Uint8Array, fragments: readonly Uint8Array[], slot: number): string {
  const nonce = fragments[0]!.subarray(4, headerBytes);
  const fragment = fragments[slot]!;
  const from = slot * fragment.length - headerBytes;
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(2 + Math.max(0, from) / 16);
  const cipher = createDecipheriv('aes-256-ctr', key, Buffer.concat([nonce, counter]));
  const text = cipher.update(slot === 0 ? fragment.subarray(headerBytes) : fragment).toString('latin1');
  return slot === 0 ? text.slice(preludeBytes) : text;
}

describe('the content key and k - 1 storage nodes', () => {
  test('show plaintext where there is no S: data fragments are pieces of the message itself', async () => {
    const cek = randomBytes(32);
    const { fragments } = await stored({ cek });
    for (const slot of [0, 1, 2]) expect(peek(deriveSegmentKey({ cek }, name), fragments, slot)).toContain(canary);
  });

  test('show nothing where there is one, whichever storage nodes they are', async () => {
    const cek = randomBytes(32);
    const s = randomBytes(32);
    const { fragments, shares } = await stored({ cek, s });
    expect(peek(deriveSegmentKey({ cek, s }, name), fragments, 1)).toContain(canary);
    let looked = 0;
    for (const slots of choices(scheme.n, scheme.k - 1)) {
      const held = slots.map((slot) => shares[slot]!);
      expect(() => combineShares(held, scheme)).toThrow('4 shares are needed');
      // What those shares would say if they were enough, and the content key alone.
      const guess = combineShares(held, { k: scheme.k - 1, n: scheme.n });
      for (const secret of [{ cek }, { cek, s: guess }])
        for (const slot of slots.filter((one) => one < scheme.k)) {
          const seen = peek(deriveSegmentKey(secret, name), fragments, slot);
          for (let at = 0; at + 8 <= canary.length; at++) expect(seen.includes(canary.slice(at, at + 8))).toBe(false);
          looked++;
        }
    }
    expect(looked).toBeGreaterThan(100);
  });
});
