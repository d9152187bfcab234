import { hash, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { blockId } from './block-id.ts';
import { SealFault } from './fault.ts';
import { layoutOf, minFragmentBytes, segmentCapacity } from './layout.ts';
import { encodeManifest, fragmentsOf, type StorageManifest } from './manifest.ts';
import { type OpenOptions, openSegments, segmentsOfRows } from './open-segments.ts';
import { parseManifest } from './parse-manifest.ts';
import { type RepairedFragment, repairFragments } from './repair-fragments.ts';
import { type PlainSegment, type SealOptions, sealSegments } from './seal-segments.ts';
import { deriveSegmentKey } from './segment-key.ts';
import { choices, SlotMemory, segmentsFrom, slotsFor } from './testing/slot-memory.ts';
import { SealThreads } from './threads/seal-threads.ts';

const threads = new SealThreads(2);
afterAll(() => threads[Symbol.asyncDispose]());

const secret = { cek: randomBytes(32) };
const version = 'vers_abcdefghijklmnopqrstuvwxya';

function optionsFor(store: SlotMemory, k: number, n: number, more: Partial<SealOptions> = {}): SealOptions {
  const slots = slotsFor(n);
  const schemaHash = '0'.repeat(64);
  return {
    version,
    secret,
    token: 0,
    firstSegment: 0,
    scheme: { k, n },
    slots,
    schemaHash,
    threads,
    put: store.put,
    ...more,
  };
}

function sealed(
  store: SlotMemory,
  k: number,
  n: number,
  segments: readonly PlainSegment[],
  more: Partial<SealOptions> = {},
) {
  return sealSegments(segmentsFrom(segments), optionsFor(store, k, n, more));
}

/** Length and digest: as good as the bytes, and quick for Jest to compare. */
function print(bytes: Uint8Array): string {
  return `${bytes.length} ${hash('sha256', bytes)}`;
}

async function opened(
  manifest: StorageManifest,
  store: SlotMemory,
  more: Partial<OpenOptions> = {},
): Promise<string[]> {
  const prints: string[] = [];
  for await (const segment of openSegments(manifest, { secretFor: () => secret, get: store.get, threads, ...more }))
    prints.push(print(segment.bytes));
  return prints;
}

function segmentsOf(...sizes: readonly number[]): { bytes: Buffer; rows: number }[] {
  return sizes.map((size, at) => ({ bytes: randomBytes(size), rows: at + 1 }));
}

function faultOf(code: string) {
  return expect.objectContaining({ name: 'SealFault', code });
}

describe('sealing and opening', () => {
  test.each([
    [3, 2, 3],
    [10, 3, 5],
    [35, 4, 7],
  ])('all %i patterns: at %i of %i every choice of n - k lost slots opens bit-exactly', async (count, k, n) => {
    const store = new SlotMemory();
    const segments = segmentsOf(1, 70_000);
    const manifest = await sealed(store, k, n, segments);
    const patterns = choices(n, n - k);
    expect(patterns).toHaveLength(count);
    for (const lost of patterns) {
      store.dead.clear();
      for (const slot of lost) store.dead.add(slot);
      expect(await opened(manifest, store)).toEqual(segments.map(({ bytes }) => print(bytes)));
    }
  });

  test.each([
    [3, 2, 3],
    [10, 3, 5],
    [35, 4, 7],
  ])('all %i patterns: at %i of %i every choice of k - 1 present slots fails cleanly', async (count, k, n) => {
    const store = new SlotMemory();
    const manifest = await sealed(store, k, n, segmentsOf(5000));
    const patterns = choices(n, k - 1);
    expect(patterns).toHaveLength(count);
    for (const present of patterns) {
      store.dead.clear();
      for (let slot = 0; slot < n; slot++) if (!present.includes(slot)) store.dead.add(slot);
      await expect(opened(manifest, store)).rejects.toEqual(faultOf('INSUFFICIENT_FRAGMENTS'));
    }
  });

  test('each of 3,072 bytes of a small segment flipped in its fragment is detected and made good from the others', async () => {
    const store = new SlotMemory();
    const segments = segmentsOf(100);
    const manifest = await sealed(store, 2, 3, segments);
    for (let at = 0; at < minFragmentBytes; at++)
      for (let slot = 0; slot < 3; slot++) {
        store.flip(slot, at);
        expect(await opened(manifest, store)).toEqual([print(segments[0]?.bytes as Buffer)]);
        store.flip(slot, at);
      }
  });

  test('blocks written straight to where they belong open just the same, lost and flipped ones made good', async () => {
    const store = new SlotMemory();
    const segments = segmentsOf(70_000, segmentCapacity(4, 2));
    const manifest = await sealed(store, 4, 7, segments);
    const prints = segments.map(({ bytes }) => print(bytes));
    let placed = 0;
    const get: OpenOptions['get'] = async (slot, cid, options) => {
      const bytes = await store.get(slot, cid, options);
      if (options.into === undefined) return bytes;
      placed++;
      options.into.set(bytes);
      return options.into.subarray(0, bytes.length);
    };
    expect(await opened(manifest, store, { get, hedge: { extra: 0 } })).toEqual(prints);
    expect(placed).toBe([...fragmentsOf(manifest)].filter(({ slot }) => slot < 4).length);
    store.dead.add(1);
    store.flip(2, 50_000);
    expect(await opened(manifest, store, { get })).toEqual(prints);
  });

  test('a flip in more than n - k fragments is never wrong bytes', async () => {
    const store = new SlotMemory();
    const manifest = await sealed(store, 2, 3, segmentsOf(100));
    store.flip(0, 7);
    store.flip(2, 9);
    await expect(opened(manifest, store)).rejects.toEqual(faultOf('INSUFFICIENT_FRAGMENTS'));
  });

  test('segments at the borders of stripes, fragments and size classes come back as they were', async () => {
    const store = new SlotMemory();
    const full = segmentCapacity(4, 1);
    const sizes = [0, 1, 63, 64, 65, 4047, 4048, 4049, full - 1, full, full + 1, 2 * full + 12_345];
    expect([full, full + 1].map((size) => layoutOf(size, 4).stripes)).toEqual([1, 2]);
    const segments = segmentsOf(...sizes);
    const manifest = await sealed(store, 4, 7, segments);
    expect(await opened(manifest, store)).toEqual(segments.map(({ bytes }) => print(bytes)));
    expect(manifest.rows).toBe((sizes.length * (sizes.length + 1)) / 2);
    expect(encodeManifest(parseManifest(encodeManifest(manifest)))).toEqual(encodeManifest(manifest));
  });

  test('identical segments share no content id, and no fragment holds their plaintext', async () => {
    const store = new SlotMemory();
    const canary = Buffer.from('canary: nobody who stores this may read it. '.repeat(100));
    const manifest = await sealed(
      store,
      4,
      7,
      [1, 2].map(() => ({ bytes: canary, rows: 1 })),
    );
    const again = await sealed(store, 4, 7, [{ bytes: canary, rows: 1 }]);
    const ids = [...fragmentsOf(manifest), ...fragmentsOf(again)].map(({ cid }) => cid);
    expect(new Set(ids).size).toBe(3 * 7);
    expect(store.allBytes().includes(Buffer.from('canary'))).toBe(false);
  });

  test('a segment opens with its derived key alone, and with no other segment or token', async () => {
    const store = new SlotMemory();
    const segments = segmentsOf(10, 20);
    const manifest = await sealed(store, 2, 3, segments, { token: 3 });
    const key = (index: number, token: number) => ({ key: deriveSegmentKey(secret, { version, index, token }) });
    expect(await opened(manifest, store, { secretFor: (index) => key(index, 3) })).toEqual(
      segments.map(({ bytes }) => print(bytes)),
    );
    for (const wrong of [key(1, 3), key(0, 4), key(0, 0)])
      await expect(opened(manifest, store, { secretFor: () => wrong, range: { from: 0, to: 1 } })).rejects.toEqual(
        faultOf('SEGMENT_CORRUPT'),
      );
  });

  test('a holder of derived keys alone seals with them, and the version’s secret opens what it sealed', async () => {
    const store = new SlotMemory();
    const segments = segmentsOf(10, 20);
    const keyFor = (index: number) => ({ key: deriveSegmentKey(secret, { version, index, token: 7 }) });
    const manifest = await sealed(store, 2, 3, segments, { token: 7, secret: keyFor });
    expect(await opened(manifest, store)).toEqual(segments.map(({ bytes }) => print(bytes)));
  });

  test('S is needed as well as the content key where there is one', async () => {
    const store = new SlotMemory();
    const both = { cek: secret.cek, s: randomBytes(32) };
    const shares = randomBytes(3 * 32);
    const segments = segmentsOf(10);
    const manifest = await sealed(store, 2, 3, segments, { secret: both, shares });
    expect(parseManifest(encodeManifest(manifest)).shares).toEqual(shares);
    expect(await opened(manifest, store, { secretFor: () => both })).toEqual([print(segments[0]?.bytes as Buffer)]);
    await expect(opened(manifest, store)).rejects.toEqual(faultOf('SEGMENT_CORRUPT'));
  });

  test('dropping the last segment, moving or renaming one is found out', async () => {
    const store = new SlotMemory();
    const manifest = await sealed(store, 2, 3, segmentsOf(10, 10, 10));
    const [first, second] = manifest.segments;
    const changed = [
      { ...manifest, segments: manifest.segments.slice(0, 2) },
      { ...manifest, last: false },
      {
        ...manifest,
        segments: [
          { ...second, index: 0 },
          { ...first, index: 1 },
        ],
      },
      { ...manifest, version: 'vers_other' },
    ] as StorageManifest[];
    expect(await opened(manifest, store)).toHaveLength(3);
    for (const forged of changed) await expect(opened(forged, store)).rejects.toEqual(faultOf('SEGMENT_CORRUPT'));
    await expect(
      opened({ ...manifest, segments: [{ ...first, rows: 9 } as never], last: false }, store),
    ).rejects.toEqual(faultOf('SEGMENT_CORRUPT'));
  });

  test('a range read touches only the segments of its rows', async () => {
    const store = new SlotMemory();
    const segments = [4, 4, 4, 4].map((rows) => ({ bytes: randomBytes(50), rows }));
    const manifest = await sealed(store, 2, 3, segments);
    const range = segmentsOfRows(manifest, 5, 9);
    expect(range).toEqual({ from: 1, to: 3 });
    expect(await opened(manifest, store, { range, hedge: { extra: 0, afterMs: 1000 } })).toEqual(
      segments.slice(1, 3).map(({ bytes }) => print(bytes)),
    );
    expect(store.asked.length).toBe(4);
    expect(segmentsOfRows(manifest, 16, 20)).toEqual({ from: 0, to: 0 });
  });

  test('silent slots are hedged and given up', async () => {
    const store = new SlotMemory();
    const segments = segmentsOf(9000, 9000, 9000, 9000);
    const manifest = await sealed(store, 4, 7, segments);
    for (const slot of [0, 2, 5]) store.silent.add(slot);
    expect(await opened(manifest, store, { hedge: { extra: 1, afterMs: 1 } })).toEqual(
      segments.map(({ bytes }) => print(bytes)),
    );
  });

  test('a slot that lies is asked last afterwards', async () => {
    const store = new SlotMemory();
    const manifest = await sealed(store, 2, 3, segmentsOf(10, 10, 10, 10, 10, 10));
    store.flip(0, 100);
    await opened(manifest, store, { lookAhead: 0, hedge: { extra: 0, afterMs: 1000 } });
    expect(store.asked.filter((slot) => slot === 0)).toHaveLength(1);
  });

  test('lost fragments are made again without keys, with the same content ids', async () => {
    const store = new SlotMemory();
    const manifest = await sealed(store, 4, 7, segmentsOf(9000, 4 * 1024 * 1024));
    for (const lost of choices(7, 3)) {
      const before = new Map(lost.map((slot) => [slot, new Map(store.blocks.get(slot))]));
      const repaired: RepairedFragment[] = [];
      for (const slot of lost) store.dead.add(slot);
      for await (const fragment of repairFragments(manifest, { lost, get: store.get, threads }))
        repaired.push(fragment);
      expect(repaired).toHaveLength(3 * 3);
      for (const { slot, cid, bytes } of repaired)
        expect(Buffer.compare(bytes, before.get(slot)?.get(cid) as Uint8Array)).toBe(0);
      store.dead.clear();
    }
  });

  test('each of 28,672 bytes of seven fragments of 4 KiB flipped is another content id, and at each hundredth the segment opens', async () => {
    const store = new SlotMemory();
    const [segment] = segmentsOf(4 * 4096 - 48);
    const manifest = await sealed(store, 4, 7, [segment!]);
    let flips = 0;
    for (let slot = 0; slot < 7; slot++) {
      const [[cid, bytes] = []] = store.blocks.get(slot) ?? [];
      if (cid === undefined || bytes === undefined) throw new Error(`slot ${slot} has nothing`);
      expect(bytes).toHaveLength(4096);
      for (let at = 0; at < bytes.length; at++) {
        store.flip(slot, at);
        if (blockId(hash('sha256', bytes, 'buffer')) === cid) throw new Error(`byte ${at} of slot ${slot}`);
        if (flips++ % 100 === 0) expect(await opened(manifest, store)).toEqual([print(segment!.bytes)]);
        store.flip(slot, at);
      }
    }
    expect(flips).toBe(28_672);
  }, 60_000);

  test('each of 3,072 bytes of three fragments flipped is another content id, and a repair gives the very same fragment back', async () => {
    const store = new SlotMemory();
    const manifest = await sealed(store, 2, 3, segmentsOf(100));
    let flips = 0;
    for (let slot = 0; slot < 3; slot++) {
      const [[cid, bytes] = []] = store.blocks.get(slot) ?? [];
      if (cid === undefined || bytes === undefined) throw new Error(`slot ${slot} has nothing`);
      const before = Buffer.from(bytes);
      expect(before).toHaveLength(minFragmentBytes);
      for (let at = 0; at < before.length; at++) {
        store.flip(slot, at);
        const isDetected = blockId(hash('sha256', bytes, 'buffer')) !== cid;
        for await (const made of repairFragments(manifest, { lost: [slot], get: store.get, threads })) {
          if (!isDetected || made.cid !== cid || Buffer.compare(made.bytes, before) !== 0)
            throw new Error(`byte ${at} of slot ${slot}`);
          flips++;
        }
        store.flip(slot, at);
      }
    }
    expect(flips).toBe(3 * minFragmentBytes);
  }, 60_000);

  test('a repair replaces a lying source, and says when too few are left', async () => {
    const store = new SlotMemory();
    const manifest = await sealed(store, 2, 4, segmentsOf(10));
    const [block] = [...(store.blocks.get(3)?.keys() ?? [])];
    store.flip(0, 5);
    const repair = async (lost: number[]) => {
      const cids: string[] = [];
      for await (const { cid } of repairFragments(manifest, { lost, get: store.get, threads })) cids.push(cid);
      return cids;
    };
    expect(await repair([3])).toEqual([block]);
    store.dead.add(1);
    await expect(repair([3])).rejects.toEqual(faultOf('INSUFFICIENT_FRAGMENTS'));
  });

  test('a failed put ends the sealing with that failure, also when the source falls silent', async () => {
    const store = new SlotMemory();
    const full = new Error('disk full');
    async function* silentAfterTwo(): AsyncGenerator<PlainSegment> {
      yield* segmentsOf(10, 10);
      await new Promise(() => {});
    }
    const options = optionsFor(store, 2, 3, {
      put: ({ slot }) => (slot === 1 ? Promise.reject(full) : Promise.resolve()),
    });
    await expect(sealSegments(silentAfterTwo(), options)).rejects.toBe(full);
  });

  test('an aborted signal ends sealing and opening with its reason', async () => {
    const store = new SlotMemory();
    const reason = new Error('enough');
    const stop = new AbortController();
    const stopping = optionsFor(store, 2, 3, { signal: stop.signal, put: async () => stop.abort(reason) });
    await expect(sealSegments(segmentsFrom(segmentsOf(10, 10, 10)), stopping)).rejects.toBe(reason);
    const manifest = await sealed(store, 2, 3, segmentsOf(10));
    for (const slot of [0, 1, 2]) store.silent.add(slot);
    const later = new AbortController();
    const reading = opened(manifest, store, { signal: later.signal });
    later.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  test('a reader that stops early leaves nothing begun', async () => {
    const store = new SlotMemory();
    const manifest = await sealed(store, 2, 3, segmentsOf(10, 10, 10, 10));
    for await (const { index } of openSegments(manifest, { secretFor: () => secret, get: store.get, threads })) {
      expect(index).toBe(0);
      break;
    }
    const asked = store.asked.length;
    await opened(manifest, store, { range: { from: 3, to: 4 } });
    expect(store.asked.length - asked).toBeLessThanOrEqual(3);
  });

  test('nothing to seal, wrong slots and a count that does not fit are refused', async () => {
    const store = new SlotMemory();
    await expect(sealed(store, 2, 3, [])).rejects.toThrow(RangeError);
    await expect(sealed(store, 2, 3, segmentsOf(1), { slots: slotsFor(2) })).rejects.toThrow(RangeError);
    await expect(sealed(store, 2, 3, segmentsOf(1, 1), { segmentCount: 1 })).rejects.toThrow(RangeError);
    await expect(sealed(store, 2, 3, segmentsOf(1), { secret: { ...secret, s: randomBytes(32) } })).rejects.toThrow(
      RangeError,
    );
  });

  test('closed threads answer with a fault', async () => {
    const closed = new SealThreads(1);
    await closed[Symbol.asyncDispose]();
    await expect(sealed(new SlotMemory(), 2, 3, segmentsOf(1), { threads: closed })).rejects.toBeInstanceOf(SealFault);
  });
});
