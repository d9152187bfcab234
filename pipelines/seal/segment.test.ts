import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { layoutOf, maxFragmentBytes, maxSegmentBytes, segmentCapacity, sizeClass } from './layout.ts';
import { additionalData, openSegment, sealSegment } from './segment.ts';

const context = { version: 'vers_a', index: 4, token: 9, last: false };
const key = randomBytes(32);
const k = 2;

/** A segment that its sealer wrote against the rules, with a right key and tag. */
function sealedAs(inner: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(additionalData(context));
  const text = Buffer.concat([cipher.update(inner), cipher.final()]);
  return Buffer.concat([Buffer.from('DCS1'), nonce, text, cipher.getAuthTag()]);
}

function inner(plainBytes: number, sealedBytes: number): Buffer {
  const bytes = Buffer.alloc(sealedBytes - 32);
  bytes.writeBigUInt64BE(BigInt(plainBytes), 0);
  return bytes;
}

describe('a sealed segment', () => {
  test('whose own sealer broke the rules of length, size class or padding does not open', () => {
    const corrupt = expect.objectContaining({ name: 'SealFault', code: 'SEGMENT_CORRUPT' }) as never;
    expect(openSegment(sealedAs(inner(100, 2048)), context, key, k).bytes).toHaveLength(100);
    const dirty = inner(100, 2048);
    dirty[2000] = 1;
    const manyRows = inner(100, 2048);
    manyRows.writeBigUInt64BE(2n ** 60n, 8);
    for (const wrong of [inner(3000, 2048), inner(2 ** 40, 2048), inner(100, 4096), dirty, manyRows])
      expect(() => openSegment(sealedAs(wrong), context, key, k)).toThrow(corrupt);
    expect(() => openSegment(Buffer.alloc(20), context, key, k)).toThrow(corrupt);
  });

  test('has room for its plaintext or is refused', () => {
    const plain = { bytes: new Uint8Array(2001), rows: 1 };
    expect(() => sealSegment(plain, context, key, randomBytes(12), Buffer.alloc(2048))).toThrow(RangeError);
    expect(() => sealSegment(plain, context, key, randomBytes(8), Buffer.alloc(4096))).toThrow(RangeError);
  });
});

describe('the layout of a segment', () => {
  test('fits its plaintext in fragments of 1 KiB to 1 MiB, and wastes at most an eighth above 64 KiB', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxSegmentBytes }), fc.integer({ min: 1, max: 32 }), (bytes, needed) => {
        const { stripes, fragmentBytes } = layoutOf(bytes, needed);
        const sealed = stripes * needed * fragmentBytes;
        expect(sealed).toBeGreaterThanOrEqual(bytes + 48);
        expect(fragmentBytes % 64).toBe(0);
        expect(fragmentBytes).toBeGreaterThanOrEqual(1024);
        expect(fragmentBytes).toBeLessThanOrEqual(maxFragmentBytes);
        if (bytes > 65_536) expect(sealed).toBeLessThanOrEqual((bytes + 48) * 1.125 + stripes * needed * 64);
      }),
    );
  });

  test('tells only the size class: all lengths of a class have one layout', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: maxSegmentBytes - 100 }), (bytes) => {
        const padded = sizeClass(bytes + 48);
        expect(sizeClass(padded)).toBe(padded);
        expect(layoutOf(padded - 48, 4)).toEqual(layoutOf(bytes, 4));
      }),
    );
  });

  test('of a full stripe is known to ingest', () => {
    for (const needed of [2, 3, 4, 10])
      for (const stripes of [1, 2, 4]) {
        const full = segmentCapacity(needed, stripes);
        expect(layoutOf(full, needed).stripes).toBeLessThanOrEqual(stripes);
        expect(sizeClass(full + 48)).toBe(full + 48);
      }
    expect(segmentCapacity(4, 1)).toBe(4 * 1024 * 1024 - 48);
    expect(() => layoutOf(maxSegmentBytes + 1, 4)).toThrow(RangeError);
    expect(() => layoutOf(-1, 4)).toThrow(RangeError);
  });
});
