import type { MspId, StorageNodeId, VersionId } from '@d-cloud/chaincode/domain';
import { manifestOf } from '@d-cloud/pipelines/seal';
import { describe, expect, test } from '@jest/globals';
import { fitsClaim, type OutputClaim } from './fits-claim.ts';

type ManifestParts = Parameters<typeof manifestOf>[0];

const slots = ['a', 'b', 'c'].map((name) => ({
  storageNode: `stor_${name}` as StorageNodeId,
  organization: 'AlderMSP' as MspId,
}));
const claim: OutputClaim = {
  job: { outputVersion: 'vers_out' as VersionId },
  partition: { firstSegment: 1, segments: 2 },
  token: 3,
  input: { segmentRows: [5, 4, 1] },
  plan: { placement: { k: 2, n: 3, slots, broken: [] } },
  shares: Buffer.alloc(96, 9),
};
const segment = (index: number, rows: number, token = 3) => ({
  index,
  rows,
  token,
  fragmentBytes: 4096,
  digests: Buffer.alloc(96, index),
});
const handed: ManifestParts = {
  version: 'vers_out',
  k: 2,
  n: 3,
  slots: slots.map((place, slot) => ({ slot, ...place })),
  segments: [segment(1, 4), segment(2, 1)],
  last: true,
  schemaHash: 'ab'.repeat(32),
  shares: Buffer.alloc(96, 9),
};
const fits = (change: Partial<ManifestParts> = {}) => fitsClaim(manifestOf({ ...handed, ...change }), claim);

describe('the manifest of a claim’s output', () => {
  test('is taken when it is of the claim’s segments and dispersed as planned', () => {
    expect(fits()).toBe(true);
  });

  test('of an output without S names no shares', () => {
    const without = { ...claim, shares: undefined };
    expect(fitsClaim(manifestOf({ ...handed, shares: undefined }), without)).toBe(true);
    expect(fitsClaim(manifestOf(handed), without)).toBe(false);
  });

  test.each<[string, Partial<ManifestParts>]>([
    ['of another version', { version: 'vers_other' }],
    ['with a segment too few', { segments: [segment(1, 5)] }],
    ['with the rows in other segments', { segments: [segment(1, 1), segment(2, 4)] }],
    ['of another partition', { segments: [segment(0, 4), segment(1, 1)] }],
    ['sealed under another token', { segments: [segment(1, 4), segment(2, 1, 2)] }],
    ['that says segments follow', { last: false }],
    [
      'with all fragments where its node wants them',
      { slots: handed.slots.map((slot) => ({ ...slot, storageNode: 'stor_c' })) },
    ],
    ['dispersed more thinly than planned', { k: 3 }],
    ['with other shares than those of the output’s S', { shares: new Uint8Array(96) }],
    ['without the shares of the output’s S', { shares: undefined }],
  ])('is refused %s', (_what, change) => {
    expect(fits(change)).toBe(false);
  });
});
