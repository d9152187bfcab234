import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type EvidencePack, encodePack } from './pack.ts';
import { verifyEvidence } from './verify.ts';

/** A pack as a gateway of the embedded network made it: photographs of alder, a model of cedar, asked for by birch. */
const bytes = gunzipSync(
  readFileSync(new URL('../../evidence/fixtures/photographs.evidence.json.gz', import.meta.url)),
);
const pack = JSON.parse(bytes.toString('utf8')) as EvidencePack;
const { genesis } = pack.about;

const failed = (changed: Uint8Array, pinned = genesis) =>
  verifyEvidence(changed, pinned)
    .checks.filter(({ ok }) => !ok)
    .map(({ name }) => name);
/** What is found although the packer signs what it changed. */
const found = (change: (copy: EvidencePack) => void): string[] => {
  const copy = structuredClone(pack);
  change(copy);
  return failed(encodePack(copy)).filter((name) => name !== 'packing');
};
const flip = (base64: string, at: number): string => {
  const changed = Buffer.from(base64, 'base64');
  changed[at % changed.length]! ^= 1;
  return changed.toString('base64');
};

describe('an evidence pack', () => {
  test('is verified by its bytes and the pinned genesis hash alone', () => {
    const { ok, checks, notes } = verifyEvidence(bytes, genesis);
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect(ok).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual([
      'format',
      'genesis',
      'packing',
      'blocks',
      'transactions',
      'job',
      'right',
      'model',
      'statements',
      'rows',
    ]);
    expect(notes[0]).toContain('on one machine');
  });

  test('is refused under any other genesis hash', () => {
    expect(failed(bytes, '0'.repeat(64))).toContain('genesis');
    expect(failed(bytes, genesis.toUpperCase())).toContain('genesis');
  });

  test('is refused when any byte of it is changed', () => {
    let looked = 0;
    for (let at = 0; at < bytes.length; at += Math.floor(bytes.length / 150)) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(verifyEvidence(changed, genesis).ok).toBe(false);
      looked++;
    }
    expect(looked).toBeGreaterThan(140);
  });

  test('is refused when it is cut, padded or not JSON', () => {
    for (const changed of [
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.from(' ')]),
      Buffer.from('{}'),
      Buffer.alloc(0),
    ]) {
      expect(verifyEvidence(changed, genesis).ok).toBe(false);
    }
  });

  const answerFields = [
    'channelHeader',
    'signatureHeader',
    'proposalPayload',
    'responsePayload',
    'endorser',
    'signature',
  ] as const;
  test.each(answerFields)('does not believe its packer about the %s of a signed block', (field) => {
    for (const block of pack.blocks.keys()) {
      const names = found(({ blocks }) => {
        const answer = blocks[block]!.answers[block % 2]!;
        answer[field] = flip(answer[field], 41 * block + 7);
      });
      expect(names).toContain('blocks');
    }
  });

  test.each<[string, (copy: EvidencePack) => void, string]>([
    [
      'a config block',
      ({ configBlocks }) => {
        configBlocks[0] = flip(configBlocks[0]!, 2_000);
      },
      'genesis',
    ],
    [
      'one organization shown twice',
      ({ blocks }) => {
        blocks[1]!.answers[1] = blocks[1]!.answers[0]!;
      },
      'blocks',
    ],
    ['one organization alone', ({ blocks }) => void blocks[1]!.answers.pop(), 'blocks'],
    ['the order of blocks', ({ blocks }) => void blocks.reverse(), 'blocks'],
    [
      'another job',
      ({ about }) => {
        about.job = `job_${'a'.repeat(26)}` as typeof about.job;
      },
      'job',
    ],
    [
      'another output',
      ({ about }) => {
        about.outputVersion = `vers_${'a'.repeat(26)}` as typeof about.outputVersion;
      },
      'job',
    ],
    [
      'the label of a row',
      ({ proofs }) => {
        proofs[0]!.row.label = 'cat';
      },
      'rows',
    ],
    [
      'the number of a row',
      ({ proofs }) => {
        proofs[1]!.row.row += 1;
      },
      'rows',
    ],
    [
      'the salt of a row',
      ({ proofs }) => {
        proofs[0]!.proof.salt = '00'.repeat(16);
      },
      'rows',
    ],
    [
      'the path of a row',
      ({ proofs }) => {
        proofs[0]!.proof.rowPath[0] = '00'.repeat(32);
      },
      'rows',
    ],
    [
      'the place of a row',
      ({ proofs }) => {
        proofs[0]!.proof.batch += 1;
      },
      'rows',
    ],
    ['the columns', ({ shape }) => void Object.assign(shape, { task: 'text-embedding', dimensions: 3 }), 'rows'],
  ])('does not believe its packer about %s', (_what, change, check) => {
    expect(found(change)).toContain(check);
  });

  test('does not stand without any one of its blocks', () => {
    for (const block of pack.blocks.keys()) {
      expect(found(({ blocks }) => void blocks.splice(block, 1))).not.toEqual([]);
    }
  });
});
