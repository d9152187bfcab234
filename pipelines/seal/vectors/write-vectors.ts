import { hash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { blockId } from '../block-id.ts';
import { multiply } from '../erasure/gf256.ts';
import { recoverSlowly, type Scheme, schemeRow } from '../erasure/index.ts';
import { publicKeyOf } from '../key-pair.ts';
import { sealKeyRelease } from '../key-release.ts';
import { layoutOf } from '../layout.ts';
import { encodeManifest, type ManifestSegment, manifestHash, manifestOf, segmentHash } from '../manifest.ts';
import { additionalData, sealSegment } from '../segment.ts';
import { deriveSegmentKey } from '../segment-key.ts';
import { splitSecret } from '../shamir.ts';
import { encodeShare, shareDigests } from '../share-block.ts';
import { slotsFor } from '../testing/slot-memory.ts';
import { wrapKey } from '../wrap-key.ts';
import {
  bytesNamed,
  type ErasureVector,
  hex,
  type KeyVector,
  type ManifestVector,
  type SegmentVector,
  type ShareVector,
  vectorFolder,
} from './vector-data.ts';

/*
 * Makes the published test vectors. They change only with the format's version; a reader of version 1 must read these
 * for ever. Written by: npm run vectors -w pipelines
 */

function parityOf(scheme: Scheme, data: readonly Uint8Array[]): Uint8Array[] {
  const slots = Array.from({ length: scheme.n - scheme.k }, (_, at) => scheme.k + at);
  return recoverSlowly(
    scheme,
    data.map((bytes, slot) => ({ slot, bytes })),
    slots,
  );
}

function erasureVector(): ErasureVector {
  const schemes = [
    [4, 7],
    [2, 3],
    [3, 5],
    [10, 16],
    [32, 64],
  ] as const;
  const cases = schemes.map(([k, n]) => {
    const data = Array.from({ length: k }, (_, slot) => bytesNamed(`erasure ${k} of ${n} data ${slot}`, 16));
    const matrix = Array.from({ length: n - k }, (_, at) => hex(schemeRow(k, k + at)));
    return { k, n, matrix, data: data.map(hex), parity: parityOf({ k, n }, data).map(hex) };
  });
  const power = (base: number, exponent: number): number =>
    exponent === 0 ? 1 : multiply(base, power(base, exponent - 1));
  const wrong = [4, 5, 6].map((row) => {
    const out = new Uint8Array(16);
    (cases[0]?.data ?? []).forEach((fragment, column) => {
      Buffer.from(fragment, 'hex').forEach((byte, at) => {
        out[at] = (out[at] ?? 0) ^ multiply(power(row, column), byte);
      });
    });
    return hex(out);
  });
  return { polynomial: '0x11d', cases, wrongMatrixParity: wrong };
}

const scheme = { k: 4, n: 7 };

function segmentCase(
  name: string,
  plain: Buffer | number,
  more: { s?: boolean; index: number; token: number; last: boolean },
) {
  const bytes = typeof plain === 'number' ? bytesNamed(name, plain) : plain;
  const cek = bytesNamed(`${name} cek`, 32);
  const s = more.s === true ? bytesNamed(`${name} s`, 32) : undefined;
  const context = { version: 'vers_aaaaaaaaaaaaaaaaaaaaaaaaaa', index: more.index, token: more.token, last: more.last };
  const key = deriveSegmentKey({ cek, s }, context);
  const nonce = bytesNamed(`${name} nonce`, 12);
  const { stripes, fragmentBytes } = layoutOf(bytes.length, scheme.k);
  const sealed = Buffer.alloc(stripes * scheme.k * fragmentBytes);
  sealSegment({ bytes, rows: 3 }, context, key, nonce, sealed);
  const digests: Uint8Array[] = [];
  for (let stripe = 0; stripe < stripes; stripe++) {
    const data = Array.from({ length: scheme.k }, (_, slot) => {
      const at = (stripe * scheme.k + slot) * fragmentBytes;
      return sealed.subarray(at, at + fragmentBytes);
    });
    digests.push(...[...data, ...parityOf(scheme, data)].map((fragment) => hash('sha256', fragment, 'buffer')));
  }
  const vector: SegmentVector['cases'][number] = {
    name,
    cek: hex(cek),
    ...(s === undefined ? {} : { s: hex(s) }),
    ...context,
    rows: 3,
    nonce: hex(nonce),
    plain: typeof plain === 'number' ? plain : hex(plain),
    key: hex(key),
    additionalData: hex(additionalData(context)),
    stripes,
    fragmentBytes,
    sealedSha256: hash('sha256', sealed),
    ...(typeof plain === 'number' ? {} : { sealed: hex(sealed) }),
    cids: digests.map(blockId),
  };
  return { vector, digests };
}

const text = Buffer.from('D-Cloud seals this sentence.');
const cases = [
  segmentCase('a sentence', text, { index: 0, token: 0, last: true }),
  segmentCase('nothing', Buffer.alloc(0), { index: 5, token: 3, last: false }),
  segmentCase('with S', 4048, { index: 1, token: 0, last: true, s: true }),
  segmentCase('one byte over', 4049, { index: 2, token: 9_007_199_254_740_991, last: false }),
  segmentCase('two stripes', 4 * 1024 * 1024, { index: 0, token: 1, last: false }),
];

function segmentVector(): SegmentVector {
  const end = (cases[0]?.vector.stripes ?? 0) * (cases[0]?.vector.fragmentBytes ?? 0) * scheme.k;
  const flips: SegmentVector['refused'] = [
    ...Array.from({ length: 16 }, (_, at) => ({ name: `header byte ${at} flipped`, at })),
    { name: 'first byte of the encrypted length flipped', at: 16 },
    { name: 'a byte of the rows flipped', at: 31 },
    { name: 'a byte of the text flipped', at: 40 },
    { name: 'a byte of the padding flipped', at: 2000 },
    { name: 'first byte of the tag flipped', at: end - 16 },
    { name: 'last byte of the tag flipped', at: end - 1 },
    { name: 'a trailing byte', append: '00' },
    { name: 'a trailing fragment', append: '00'.repeat(1024) },
    { name: 'the last byte missing', truncate: 1 },
    { name: 'the last fragment missing', truncate: 1024 },
    { name: 'another index', context: { index: 1 } },
    { name: 'another version', context: { version: 'vers_aaaaaaaaaaaaaaaaaaaaaaaaae' } },
    { name: 'another token', context: { token: 1 } },
    { name: 'the last flag dropped', context: { last: false } },
    { name: 'the last flag duplicated: on a segment before the last', case: 'nothing', context: { last: true } },
  ];
  const tooFew = [
    [0, 1, 2],
    [1, 2, 3],
    [0, 3, 6],
    [4, 5, 6],
  ];
  return { ...scheme, cases: cases.map(({ vector }) => vector), tooFew, refused: flips };
}

const shareScheme = scheme;
const secret = bytesNamed('shares secret', 32);
const coefficients = bytesNamed('shares coefficients', 96);
const shares = splitSecret(secret, shareScheme, coefficients);
const blocks = shares.map((share) => encodeShare(share, shareScheme));

function manifestVector(): ManifestVector {
  const segments: ManifestSegment[] = [0, 1].map((index) => ({
    index,
    rows: 3 + index,
    token: 0,
    fragmentBytes: 1024,
    digests: bytesNamed(`manifest segment ${index}`, 32 * 7 * (index + 1)),
  }));
  const version = 'vers_aaaaaaaaaaaaaaaaaaaaaaaaaa';
  const schemaHash = hash('sha256', 'schema');
  const manifest = manifestOf({
    version,
    ...scheme,
    slots: slotsFor(7),
    segments,
    last: true,
    schemaHash,
    shares: shareDigests(blocks),
  });
  const bytes = encodeManifest(manifest);
  const form = Buffer.from(bytes).toString('utf8');
  const changed = (name: string, from: string, to: string) => {
    if (!form.includes(from)) throw new Error(`the manifest has no ${from}`);
    return { name, text: form.replace(from, to) };
  };
  const [first] = segments as [ManifestSegment];
  const digests = Buffer.from(first.digests);
  const twice = Buffer.concat([digests.subarray(0, 32), digests.subarray(0, 32), digests.subarray(64)]);
  return {
    text: form,
    manifestHash: manifestHash(bytes),
    segmentHashes: segments.map((segment) => hex(segmentHash(manifest, segment))),
    contentRoot: manifest.contentRoot,
    refused: [
      changed('k = 0', '"k":4', '"k":0'),
      changed('n < k', '"n":7', '"n":3'),
      changed('n > 255', '"n":7', '"n":256'),
      changed('another k', '"k":4', '"k":3'),
      changed('a newer version', '"v":1', '"v":2'),
      changed('another hash', '"hash":"sha2-256"', '"hash":"blake3"'),
      changed('a number as a float', '"k":4', '"k":4.0'),
      changed('a member twice', '"k":4', '"k":4,"k":4'),
      changed('the last flag duplicated', '"last":true', '"last":true,"last":true'),
      changed('an unknown member', '"k":4', '"k":4,"kk":1'),
      changed('white space', '"k":4', '"k": 4'),
      changed('rows that are not the sum', '"rows":7,"schemaHash"', '"rows":8,"schemaHash"'),
      changed('a content id twice', digests.toString('base64'), twice.toString('base64')),
      changed('a content root of other bytes', manifest.contentRoot, hash('sha256', 'other')),
      changed('a segment index twice', '"index":1', '"index":0'),
      changed('a missing slot', '{"organization":"AlderMSP","slot":0,"storageNode":"stor_0"},', ''),
    ],
  };
}

function shareVector(): ShareVector {
  const given = shares.map(({ index, bytes }) => ({ index, bytes: hex(bytes) }));
  const [one, two, three, four, five] = given as [
    (typeof given)[0],
    (typeof given)[0],
    (typeof given)[0],
    (typeof given)[0],
    (typeof given)[0],
  ];
  return {
    ...shareScheme,
    secret: hex(secret),
    coefficients: hex(coefficients),
    shares: shares.map(({ bytes }) => hex(bytes)),
    blocks: blocks.map(({ bytes, cid }) => ({ bytes: hex(bytes), cid })),
    refused: [
      { name: 'index 0', shares: [{ ...one, index: 0 }, two, three, four] },
      { name: 'an index twice', shares: [one, one, three, four] },
      { name: 'an index above n', shares: [one, two, three, { ...four, index: 8 }] },
      { name: 'k - 1 shares', shares: [one, two, three] },
      { name: 'a share that does not belong', shares: [one, two, three, four, { ...five, bytes: '00'.repeat(32) }] },
      { name: 'a short share', shares: [one, two, three, { ...four, bytes: four.bytes.slice(2) }] },
    ],
  };
}

async function keyVector(): Promise<KeyVector> {
  const datasetKey = bytesNamed('wrap dataset key', 32);
  const key = bytesNamed('wrap key', 32);
  const wrapContext = { channel: 'dcloud', dataset: 'dset_a', version: 'vers_a', epoch: 2, kind: 'cek' };
  const wrapped = wrapKey(datasetKey, key, wrapContext, (bytes) => bytesNamed('wrap nonce', bytes));
  const privateKey = bytesNamed('release private key', 32);
  const publicKey = publicKeyOf(privateKey);
  const context = {
    channel: 'dcloud',
    dataset: 'dset_a',
    version: 'vers_a',
    epoch: 2,
    grantee: 'BirchMSP',
    purpose: 'dpv:ScientificResearch',
    transaction: hash('sha256', 'transaction'),
  };
  const payload = Buffer.from('{"keys":[]}');
  return {
    wrap: { datasetKey: hex(datasetKey), key: hex(key), context: wrapContext, wrapped: hex(wrapped) },
    release: {
      privateKey: hex(privateKey),
      publicKey: hex(publicKey),
      context,
      payload: hex(payload),
      message: await sealKeyRelease(publicKey, context, payload),
    },
    refusedPublicKeys: [
      { name: 'order 1: zero', publicKey: '00'.repeat(32) },
      { name: 'order 4: one', publicKey: `01${'00'.repeat(31)}` },
      { name: 'order 8', publicKey: 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800' },
      { name: 'order 8, the other', publicKey: '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157' },
      { name: 'order 2: minus one', publicKey: `ec${'ff'.repeat(30)}7f` },
      { name: 'zero by its second name', publicKey: `ed${'ff'.repeat(30)}7f` },
      { name: 'one by its second name', publicKey: `ee${'ff'.repeat(30)}7f` },
      { name: 'the top bit set', publicKey: `09${'00'.repeat(30)}80` },
      { name: 'a short key', publicKey: '09' },
    ],
  };
}

/** All vectors by file name. The ephemeral key of `keys.release.message` is random; everything else comes out the same. */
export async function makeVectors() {
  return {
    erasure: erasureVector(),
    segment: segmentVector(),
    manifest: manifestVector(),
    shares: shareVector(),
    keys: await keyVector(),
  };
}

if (import.meta.main)
  for (const [name, vector] of Object.entries(await makeVectors()))
    await writeFile(new URL(`${name}.json`, vectorFolder), `${JSON.stringify(vector, null, 2)}\n`);
