import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { openSegments, sealSegments } from './sealed-segments.ts';

const key = new Uint8Array(32).fill(7);
const sealedSegment = 64 * 1024 + 16;

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
const all = async (stream: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(stream));
const seal = (bytes: Uint8Array, pieceBytes = 10_000) => all(sealSegments(inPieces(bytes, pieceBytes), key));
const open = (bytes: Uint8Array, under = key) => all(openSegments(inPieces(bytes, 7_777), under));

describe('sealed segments', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])('of %d bytes open to the same bytes', async (length) => {
    const bytes = randomBytes(length);
    const sealed = await seal(bytes);
    expect(sealed.length).toBe(length + 16 * Math.max(1, Math.ceil(length / 65_536)));
    expect((await open(sealed)).equals(bytes)).toBe(true);
    expect((await seal(bytes, 1_000_000)).equals(sealed)).toBe(true);
  });

  test('that were cut, lengthened, put in another order or opened under another key do not open', async () => {
    const sealed = await seal(randomBytes(200_000));
    const segments = [0, 1, 2].map((at) => sealed.subarray(at * sealedSegment, (at + 1) * sealedSegment));
    const rest = sealed.subarray(3 * sealedSegment);
    const [a, b, c] = segments as [Buffer, Buffer, Buffer];
    const altered = {
      'without its last byte': sealed.subarray(0, sealed.length - 1),
      'without its last segment': Buffer.concat(segments),
      'without its first segment': Buffer.concat([b, c, rest]),
      'without one in the middle': Buffer.concat([a, c, rest]),
      'with two exchanged': Buffer.concat([b, a, c, rest]),
      'with one twice': Buffer.concat([a, b, c, c, rest]),
      'with a byte more': Buffer.concat([sealed, Buffer.from([0])]),
      'followed by itself': Buffer.concat([sealed, sealed]),
      'with nothing in it': Buffer.alloc(0),
    };
    for (const [what, bytes] of Object.entries(altered))
      expect([what, await open(bytes).catch((error: Error) => error.message)]).toEqual([
        what,
        'This backup was cut off or altered: nothing of it is used.',
      ]);
    await expect(open(sealed, new Uint8Array(32))).rejects.toThrow('cut off or altered');
  });

  test('with any one byte changed do not open', async () => {
    const sealed = await seal(randomBytes(600));
    for (let at = 0; at < sealed.length; at++) {
      const flipped = Buffer.from(sealed);
      flipped[at]! ^= 1 << (at % 8);
      await expect(open(flipped)).rejects.toThrow('cut off or altered');
    }
  });
});
