import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BlockStore, UnverifiedBlocks } from './block-store.ts';
import { cidOf, maxBlockBytes } from './cid.ts';

/** A store under test, and a way to spoil what it holds on its disk. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: BlockStore & UnverifiedBlocks;
  /** Changes one byte of the block where it lies. */
  spoil(cid: string): Promise<void>;
}

/** What every adapter of BlockStore promises, told as stories. `opened` runs once; `describe` may be its skipping form. */
export function blockStoreStories(
  name: string,
  opened: () => Promise<StoreUnderTest>,
  { describeIt = describe as (title: string, stories: () => void) => void } = {},
): void {
  describeIt(`a block store: ${name}`, () => {
    let under: StoreUnderTest;
    beforeAll(async () => {
      under = await opened();
    });
    afterAll(async () => await under[Symbol.asyncDispose]());

    test.each([0, 1, 65_537, 1024 * 1024, maxBlockBytes])(
      'gives back a block of %i bytes bit for bit',
      async (length) => {
        const bytes = randomBytes(length);
        await under.store.put(cidOf(bytes), bytes);
        expect((await under.store.get(cidOf(bytes))).equals(bytes)).toBe(true);
        expect(await under.store.stat(cidOf(bytes))).toBe(length);
      },
    );

    test('takes the same block twice and holds it once', async () => {
      const bytes = randomBytes(1000);
      await Promise.all([under.store.put(cidOf(bytes), bytes), under.store.put(cidOf(bytes), bytes)]);
      await under.store.put(cidOf(bytes), bytes);
      expect(await under.store.remove(cidOf(bytes))).toBe(true);
      expect(await under.store.stat(cidOf(bytes))).toBeUndefined();
    });

    test('takes many blocks at once', async () => {
      const blocks = Array.from({ length: 40 }, () => randomBytes(50_000));
      await Promise.all(blocks.map((bytes) => under.store.put(cidOf(bytes), bytes)));
      const read = await Promise.all(blocks.map((bytes) => under.store.get(cidOf(bytes))));
      expect(read.every((bytes, index) => bytes.equals(blocks[index]!))).toBe(true);
    });

    test('knows nothing of a block that was never put', async () => {
      const cid = cidOf(randomBytes(10));
      await expect(under.store.get(cid)).rejects.toMatchObject({ name: 'Refusal', code: 'BLOCK_NOT_FOUND' });
      expect(await under.store.stat(cid)).toBeUndefined();
      expect(await under.store.remove(cid)).toBe(false);
    });

    test('forgets a block that was removed', async () => {
      const bytes = randomBytes(500);
      await under.store.put(cidOf(bytes), bytes);
      expect(await under.store.remove(cidOf(bytes))).toBe(true);
      await expect(under.store.get(cidOf(bytes))).rejects.toMatchObject({ code: 'BLOCK_NOT_FOUND' });
      expect(await under.store.remove(cidOf(bytes))).toBe(false);
    });

    test('refuses bytes that are not the block of their CID, and keeps nothing of them', async () => {
      const bytes = randomBytes(100);
      const other = cidOf(randomBytes(100));
      await expect(under.store.put(other, bytes)).rejects.toMatchObject({ code: 'BLOCK_INVALID' });
      expect(await under.store.stat(other)).toBeUndefined();
    });

    test('refuses a block that is too large', async () => {
      const bytes = Buffer.alloc(maxBlockBytes + 1);
      await expect(under.store.put(cidOf(bytes), bytes)).rejects.toMatchObject({ code: 'BLOCK_INVALID' });
    });

    test('refuses the CID of another codec, hash or spelling', async () => {
      for (const cid of [
        'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn',
        'bafybeignadrjfrmxbu6f4lyp7jixdzkvxrdl7rh23x5uuqmlnbalq3tzum',
        'bafkqaaik',
        cidOf(Buffer.from('x')).toUpperCase(),
        '',
        '../../etc/passwd',
      ]) {
        await expect(under.store.get(cid)).rejects.toMatchObject({ code: 'CID_INVALID' });
      }
    });

    test('finds a spoiled block out, and a put of the same bytes heals it under the same CID', async () => {
      const bytes = randomBytes(200_000);
      const cid = cidOf(bytes);
      await under.store.put(cid, bytes);
      await under.spoil(cid);
      await expect(under.store.get(cid)).rejects.toMatchObject({ name: 'Fault' });
      await under.store.put(cid, bytes);
      expect((await under.store.get(cid)).equals(bytes)).toBe(true);
    });

    test('removes a spoiled block like any other', async () => {
      const bytes = randomBytes(200_000);
      await under.store.put(cidOf(bytes), bytes);
      await under.spoil(cidOf(bytes));
      expect(await under.store.remove(cidOf(bytes))).toBe(true);
      expect(await under.store.stat(cidOf(bytes))).toBeUndefined();
    });

    test('gives a block unverified as well, into memory of the caller’s where that is given', async () => {
      const bytes = randomBytes(70_000);
      const cid = cidOf(bytes);
      await under.store.put(cid, bytes);
      expect(bytes.equals(await under.store.getUnverified(cid))).toBe(true);
      const memory = Buffer.alloc(80_000, 7);
      const given = await under.store.getUnverified(cid, { into: memory.subarray(5000, 75_500) });
      expect([given.buffer === memory.buffer, given.length]).toEqual([true, 70_000]);
      expect(memory.subarray(5000, 75_000).equals(bytes)).toBe(true);
      for (const around of [memory.subarray(0, 5000), memory.subarray(75_000)])
        expect(around.every((byte) => byte === 7)).toBe(true);
    });

    test('writes nothing beyond memory that is too small for the block', async () => {
      const bytes = randomBytes(70_000);
      await under.store.put(cidOf(bytes), bytes);
      const memory = Buffer.alloc(70_000);
      const asked = under.store.getUnverified(cidOf(bytes), { into: memory.subarray(0, 69_000) });
      await expect(asked).rejects.toMatchObject({ kind: 'corrupt' });
      expect(memory.subarray(69_000).every((byte) => byte === 0)).toBe(true);
    });

    test('knows nothing unverified either of a block that was never put', async () => {
      const into = new Uint8Array(10);
      const asked = under.store.getUnverified(cidOf(randomBytes(10)), { into });
      await expect(asked).rejects.toMatchObject({ code: 'BLOCK_NOT_FOUND' });
      await expect(under.store.getUnverified('no cid')).rejects.toMatchObject({ code: 'CID_INVALID' });
    });

    test('ends with the reason of a signal that aborts', async () => {
      const bytes = randomBytes(1000);
      await under.store.put(cidOf(bytes), bytes);
      const reason = new Error('no longer wanted');
      await expect(under.store.get(cidOf(bytes), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });
  });
}
