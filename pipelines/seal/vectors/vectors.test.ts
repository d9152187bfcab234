import { hash } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { blockDigest, blockId } from '../block-id.ts';
import { ErasureCode, schemeRow } from '../erasure/index.ts';
import { checkPublicKey, publicKeyOf } from '../key-pair.ts';
import { openKeyRelease } from '../key-release.ts';
import { layoutOf } from '../layout.ts';
import { encodeManifest, manifestHash, manifestOf, segmentHash } from '../manifest.ts';
import { openSegments } from '../open-segments.ts';
import { parseManifest } from '../parse-manifest.ts';
import { additionalData, openSegment, sealSegment } from '../segment.ts';
import { deriveSegmentKey } from '../segment-key.ts';
import { combineShares, splitSecret } from '../shamir.ts';
import { encodeShare } from '../share-block.ts';
import { SlotMemory, slotsFor } from '../testing/slot-memory.ts';
import { SealThreads } from '../threads/seal-threads.ts';
import { unwrapKey } from '../wrap-key.ts';
import {
  bytesNamed,
  type ErasureVector,
  hex,
  type KeyVector,
  type ManifestVector,
  readVector,
  type SegmentVector,
  type ShareVector,
  unhex,
} from './vector-data.ts';
import { makeVectors } from './write-vectors.ts';

const threads = new SealThreads(1);
afterAll(() => threads[Symbol.asyncDispose]());

const faulty = (code: string) => expect.objectContaining({ name: 'SealFault', code }) as never;

type SegmentCase = SegmentVector['cases'][number];

/** The n fragments of one stripe of a sealed segment, slot by slot. */
function fragmentsOfStripe(sealed: Buffer, { k, n }: SegmentVector, { fragmentBytes }: SegmentCase, stripe: number) {
  const from = stripe * k * fragmentBytes;
  const data = Array.from({ length: k }, (_, slot) =>
    sealed.subarray(from + slot * fragmentBytes, from + (slot + 1) * fragmentBytes),
  );
  const parity = Array.from({ length: n - k }, () => Buffer.alloc(fragmentBytes));
  new ErasureCode({ k, n }).encode(data, parity);
  return [...data, ...parity];
}

describe('the published vectors', () => {
  test('are what the code makes, but for the random key of a release', async () => {
    const { keys, ...others } = await makeVectors();
    const names = Object.keys(others) as (keyof typeof others)[];
    expect(names).toHaveLength(4);
    for (const name of names) expect(await readVector(name)).toEqual(JSON.parse(JSON.stringify(others[name])));
    const published = await readVector<KeyVector>('keys');
    const { message } = published.release;
    expect({ ...keys, release: { ...keys.release, message } }).toEqual(published);
  });

  test('of the erasure code: matrix and parity are ours, and a Vandermonde code’s parity is not', async () => {
    const { cases, wrongMatrixParity } = await readVector<ErasureVector>('erasure');
    expect(cases.map(({ k, n }) => [k, n])).toEqual([
      [4, 7],
      [2, 3],
      [3, 5],
      [10, 16],
      [32, 64],
    ]);
    for (const { k, n, matrix, data, parity } of cases) {
      expect(Array.from({ length: n - k }, (_, at) => hex(schemeRow(k, k + at)))).toEqual(matrix);
      const made = parity.map(() => Buffer.alloc(16));
      new ErasureCode({ k, n }).encode(data.map(unhex), made);
      expect(made.map(hex)).toEqual(parity);
    }
    const ids = (fragments: readonly string[]) =>
      fragments.map((fragment) => blockId(hash('sha256', unhex(fragment), 'buffer')));
    for (const [at, id] of ids(wrongMatrixParity).entries()) expect(id).not.toBe(ids(cases[0]?.parity ?? [])[at]);
  });

  test('of segments: key, additional data, sealed bytes and content ids come out the same, and they open', async () => {
    const vector = await readVector<SegmentVector>('segment');
    const { k, cases } = vector;
    expect(cases).toHaveLength(5);
    for (const given of cases) {
      const { version, index, token, last, rows } = given;
      const context = { version, index, token, last };
      const plain = typeof given.plain === 'number' ? bytesNamed(given.name, given.plain) : unhex(given.plain);
      const secret = { cek: unhex(given.cek), s: given.s === undefined ? undefined : unhex(given.s) };
      const key = deriveSegmentKey(secret, context);
      expect([hex(key), hex(additionalData(context))]).toEqual([given.key, given.additionalData]);
      expect(layoutOf(plain.length, k)).toEqual({ stripes: given.stripes, fragmentBytes: given.fragmentBytes });
      const sealed = Buffer.alloc(given.stripes * given.fragmentBytes * k);
      sealSegment({ bytes: plain, rows }, context, key, unhex(given.nonce), sealed);
      expect(hash('sha256', sealed)).toBe(given.sealedSha256);
      if (given.sealed !== undefined) expect(hex(sealed)).toBe(given.sealed);
      const opened = openSegment(sealed, context, key, k);
      expect([Buffer.compare(opened.bytes, plain), opened.rows]).toEqual([0, rows]);
      const ids = Array.from({ length: given.stripes }, (_, stripe) =>
        fragmentsOfStripe(sealed, vector, given, stripe).map((bytes) => blockId(hash('sha256', bytes, 'buffer'))),
      );
      expect(ids.flat()).toEqual(given.cids);
    }
  });

  test('of segments: no change is opened', async () => {
    const { k, cases, refused } = await readVector<SegmentVector>('segment');
    expect(refused).toHaveLength(31);
    for (const change of refused) {
      const given = cases.find(({ name }) => name === (change.case ?? cases[0]?.name));
      if (given?.sealed === undefined) throw new Error('a case that is changed carries its sealed bytes');
      const { version, index, token, last } = given;
      let sealed = unhex(given.sealed);
      if ('at' in change) sealed[change.at] = (sealed[change.at] ?? 0) ^ 1;
      if ('append' in change) sealed = Buffer.concat([sealed, unhex(change.append)]);
      if ('truncate' in change) sealed = sealed.subarray(0, -change.truncate);
      const context = { version, index, token, last, ...('context' in change ? change.context : {}) };
      const key = deriveSegmentKey({ cek: unhex(given.cek) }, context);
      expect(() => openSegment(sealed, context, key, k)).toThrow(faulty('SEGMENT_CORRUPT'));
    }
  });

  test('of segments: k - 1 fragments open nothing, and any one more opens all', async () => {
    const vector = await readVector<SegmentVector>('segment');
    const { k, n, tooFew } = vector;
    const [given] = vector.cases;
    if (given?.sealed === undefined) throw new Error('the first case carries its sealed bytes');
    const { version, index, rows, token, last, fragmentBytes, cids } = given;
    const digests = Buffer.concat(cids.map(blockDigest));
    const segments = [{ index, rows, token, fragmentBytes, digests }];
    const manifest = manifestOf({ version, k, n, slots: slotsFor(n), segments, last, schemaHash: hash('sha256', '') });
    const store = new SlotMemory();
    for (const [slot, bytes] of fragmentsOfStripe(unhex(given.sealed), vector, given, 0).entries())
      await store.put({ slot, cid: cids[slot] as string, bytes });
    const openFrom = async (present: readonly number[]) => {
      store.dead.clear();
      for (let slot = 0; slot < n; slot++) if (!present.includes(slot)) store.dead.add(slot);
      const secretFor = () => ({ cek: unhex(given.cek) });
      return (await Array.fromAsync(openSegments(manifest, { secretFor, get: store.get, threads }))).map(({ bytes }) =>
        hex(bytes),
      );
    };
    expect(tooFew).toHaveLength(4);
    for (const slots of tooFew) {
      expect(new Set(slots).size).toBe(k - 1);
      await expect(openFrom(slots)).rejects.toEqual(faulty('INSUFFICIENT_FRAGMENTS'));
      for (let slot = 0; slot < n; slot++)
        if (!slots.includes(slot)) expect(await openFrom([...slots, slot])).toEqual([given.plain]);
    }
  });

  test('of the manifest: hashes and root come out the same, and every changed one is refused', async () => {
    const vector = await readVector<ManifestVector>('manifest');
    const bytes = Buffer.from(vector.text);
    const manifest = parseManifest(bytes);
    expect(manifestHash(bytes)).toBe(vector.manifestHash);
    expect(manifest.segments.map((segment) => hex(segmentHash(manifest, segment)))).toEqual(vector.segmentHashes);
    expect(manifest.contentRoot).toBe(vector.contentRoot);
    expect(Buffer.from(encodeManifest(manifest)).equals(bytes)).toBe(true);
    expect(vector.refused).toHaveLength(16);
    for (const { text } of vector.refused)
      expect(() => parseManifest(Buffer.from(text))).toThrow(faulty('MANIFEST_INVALID'));
  });

  test('of shares: the same shares and blocks from the same coefficients, and every wrong set is refused', async () => {
    const vector = await readVector<ShareVector>('shares');
    const scheme = { k: vector.k, n: vector.n };
    const shares = splitSecret(unhex(vector.secret), scheme, unhex(vector.coefficients));
    expect(shares.map(({ bytes }) => hex(bytes))).toEqual(vector.shares);
    expect(
      shares.map((share) => encodeShare(share, scheme)).map(({ bytes, cid }) => ({ bytes: hex(bytes), cid })),
    ).toEqual(vector.blocks);
    expect(hex(combineShares(shares.slice(3), scheme))).toBe(vector.secret);
    expect(vector.refused).toHaveLength(6);
    for (const { shares: wrong } of vector.refused)
      expect(() =>
        combineShares(
          wrong.map(({ index, bytes }) => ({ index, bytes: unhex(bytes) })),
          scheme,
        ),
      ).toThrow(faulty('SHARES_INVALID'));
  });

  test('of keys: wrapped key and release open in their context and no other; dishonest public keys are refused', async () => {
    const { wrap, release, refusedPublicKeys } = await readVector<KeyVector>('keys');
    expect(hex(unwrapKey(unhex(wrap.datasetKey), unhex(wrap.wrapped), wrap.context))).toBe(wrap.key);
    for (const other of [
      { ...wrap.context, epoch: 1 },
      { ...wrap.context, dataset: 'dset_b' },
    ])
      expect(() => unwrapKey(unhex(wrap.datasetKey), unhex(wrap.wrapped), other)).toThrow(faulty('KEY_INVALID'));
    const pair = { privateKey: unhex(release.privateKey), publicKey: unhex(release.publicKey) };
    expect(hex(publicKeyOf(pair.privateKey))).toBe(release.publicKey);
    expect(hex(await openKeyRelease(pair, release.context, release.message))).toBe(release.payload);
    const elsewhere = { ...release.context, purpose: 'dpv:Marketing' };
    await expect(openKeyRelease(pair, elsewhere, release.message)).rejects.toEqual(faulty('KEY_INVALID'));
    expect(refusedPublicKeys).toHaveLength(9);
    for (const { publicKey } of refusedPublicKeys)
      expect(() => checkPublicKey(unhex(publicKey))).toThrow(faulty('KEY_INVALID'));
  });
});
