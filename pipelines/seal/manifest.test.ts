import { randomBytes } from 'node:crypto';
import { canonicalBytes, type Json } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { blockDigest, blockId } from './block-id.ts';
import { encodeManifest, type ManifestSegment, manifestHash, manifestOf, type StorageManifest } from './manifest.ts';
import { mergeManifests } from './merge-manifests.ts';
import { parseManifest } from './parse-manifest.ts';
import { slotsFor } from './testing/slot-memory.ts';

const invalid = expect.objectContaining({ name: 'SealFault', code: 'MANIFEST_INVALID' });

function segment(index: number, n: number, stripes = 1): ManifestSegment {
  return { index, rows: 10 + index, token: 2, fragmentBytes: 4096, digests: randomBytes(32 * n * stripes) };
}

function part(indexes: readonly number[], last: boolean, stripes = 1): StorageManifest {
  const segments = indexes.map((index) => segment(index, 7, stripes));
  return manifestOf({ version: 'vers_a', k: 4, n: 7, slots: slotsFor(7), segments, last, schemaHash: 'ab'.repeat(32) });
}

function json(manifest: StorageManifest): Record<string, Json> {
  return JSON.parse(Buffer.from(encodeManifest(manifest)).toString());
}

describe('a storage manifest', () => {
  test('comes back from its bytes, and its bytes are canonical', () => {
    const manifest = part([0, 1, 2], true, 3);
    const bytes = encodeManifest(manifest);
    expect(Buffer.from(encodeManifest(parseManifest(bytes))).equals(bytes)).toBe(true);
    expect(Buffer.from(canonicalBytes(json(manifest))).equals(bytes)).toBe(true);
    expect(manifestHash(bytes)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('of 1 GiB stays below 100 kB', () => {
    const indexes = Array.from({ length: 256 }, (_, index) => index);
    const bytes = encodeManifest(part(indexes, true));
    expect(bytes.length).toBeLessThan(100_000);
    expect(parseManifest(bytes).segments).toHaveLength(256);
  });

  test('with any member changed, missing or added is refused', () => {
    const given = json(part([0, 1], true));
    const [first, second] = given.segments as [Record<string, Json>, Record<string, Json>];
    const slots = given.slots as Record<string, Json>[];
    const wrong: Record<string, Json>[] = [
      { ...given, v: 2 },
      { ...given, hash: 'blake3' },
      { ...given, k: 0 },
      { ...given, k: 8 },
      { ...given, n: 256 },
      { ...given, n: 3 },
      { ...given, k: 5 },
      { ...given, version: '../x' },
      { ...given, last: 1 },
      { ...given, rows: 22 },
      { ...given, rows: '21' },
      { ...given, contentRoot: '0'.repeat(64) },
      { ...given, schemaHash: 'AB'.repeat(32) },
      { ...given, slots: slots.slice(1) },
      { ...given, slots: [...slots].reverse() },
      { ...given, slots: [{ ...slots[0], secret: 1 } as Json, ...slots.slice(1)] },
      { ...given, segments: [] },
      { ...given, segments: [second, first] as Json },
      { ...given, segments: [first, first] as Json },
      { ...given, segments: [{ ...first, fragmentBytes: 4095 }, second] as Json },
      { ...given, segments: [{ ...first, fragmentBytes: 2 ** 21 }, second] as Json },
      { ...given, segments: [{ ...first, rows: -1 }, second] as Json },
      { ...given, segments: [{ ...first, token: 1.5 }, second] as Json },
      { ...given, segments: [{ ...first, digests: second.digests }, second] as Json },
      { ...given, segments: [{ ...first, digests: (first.digests as string).slice(4) }, second] as Json },
      { ...given, shares: Buffer.alloc(32).toString('base64') },
      { ...given, more: true },
      Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'last')),
    ];
    for (const changed of wrong) expect(() => parseManifest(canonicalBytes(changed))).toThrow(invalid as never);
  });

  test('in any other byte form is refused', () => {
    const bytes = Buffer.from(encodeManifest(part([0], true)));
    const text = bytes.toString();
    const forms = [
      `${text} `,
      ` ${text}`,
      text.replace('{', '{"v":1,'),
      text.replace('"k":4', '"k":4.0'),
      text.slice(0, -1),
      '',
      'null',
    ];
    for (const form of forms) expect(() => parseManifest(Buffer.from(form))).toThrow(invalid as never);
    expect(() => parseManifest(Buffer.concat([Buffer.from('\ufeff'), bytes]))).toThrow(invalid as never);
    expect(() => parseManifest(Buffer.concat([bytes, Buffer.from([0xff])]))).toThrow(invalid as never);
  });
});

describe('merging manifests', () => {
  test('joins the partitions of an output in segment order, however they come', () => {
    const parts = [part([2, 3], false), part([4], true), part([0, 1], false)];
    const merged = mergeManifests(parts);
    expect(merged.segments.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(merged.rows).toBe(60);
    expect(merged.last).toBe(true);
    expect(() => parseManifest(encodeManifest(merged))).not.toThrow();
  });

  test('refuses gaps, repetitions, a missing or early end, and parts that do not belong together', () => {
    const [head, middle, tail] = [part([0, 1], false), part([2], false), part([3], true)];
    const forged = { ...middle, rows: middle.rows + 1 };
    const elsewhere = {
      ...middle,
      slots: [...slotsFor(6), { ...slotsFor(7)[6], storageNode: 'stor_x' }],
    } as StorageManifest;
    for (const parts of [
      [],
      [head, tail],
      [middle, tail],
      [head, middle],
      [head, head, middle, tail],
      [head, { ...middle, last: true }, tail],
      [head, { ...middle, version: 'vers_b' }, tail],
      [head, { ...middle, schemaHash: '00'.repeat(32) }, tail],
      [head, { ...middle, shares: randomBytes(32 * 7) }, tail],
      [head, elsewhere, tail],
      [head, forged, tail],
    ])
      expect(() => mergeManifests(parts)).toThrow(invalid as never);
  });
});

describe('a block id', () => {
  test('is the CIDv1 of raw bytes with SHA-256, and nothing else is read as one', () => {
    const empty = Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex');
    const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
    expect(blockId(empty)).toBe(cid);
    expect(Buffer.from(blockDigest(cid)).equals(empty)).toBe(true);
    const others = [
      '',
      cid.slice(1),
      cid.toUpperCase(),
      `${cid}a`,
      `${cid.slice(0, -1)}v`,
      cid.replace('bafkrei', 'bafybei'),
      'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n',
    ];
    for (const other of others) expect(() => blockDigest(other)).toThrow(RangeError);
  });
});
