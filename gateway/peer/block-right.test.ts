import { idFrom } from '@d-cloud/chaincode/domain';
import { describe, expect, test } from '@jest/globals';
import { type BlockRight, readBlockRight, writeBlockRight } from './block-right.ts';

const bytes = new Uint8Array(16).fill(7);
const rights: BlockRight[] = [
  { kind: 'publish', dataset: idFrom('dset', bytes), version: idFrom('vers', bytes) },
  { kind: 'claim', job: idFrom('job', bytes), partition: 0, token: 12 },
  { kind: 'job', job: idFrom('job', bytes) },
  { kind: 'access', access: idFrom('accs', bytes) },
  { kind: 'own', version: idFrom('vers', bytes) },
];

describe('a block right', () => {
  test('is read as it was written', () => {
    for (const right of rights) expect(readBlockRight(writeBlockRight(right))).toEqual(right);
  });

  test('is nothing when a word is missing, too many, doubled or of another kind', () => {
    for (const right of rights) {
      const header = writeBlockRight(right);
      for (const wrong of [
        `${header} more`,
        `${header} `,
        header.replace(' ', '  '),
        header.split(' ').slice(0, -1).join(' '),
        header.replaceAll('_', '-'),
        header.toUpperCase(),
      ]) {
        expect(readBlockRight(wrong)).toBeUndefined();
      }
    }
    for (const wrong of [
      undefined,
      '',
      'probe',
      `claim ${idFrom('job', bytes)} 01 1`,
      `claim ${idFrom('job', bytes)} -1 1`,
    ]) {
      expect(readBlockRight(wrong)).toBeUndefined();
    }
  });
});
