import { describe, expect, test } from '@jest/globals';
import { quorums, signatureFormula } from '../changes/policy-algebra.ts';
import { signatureText } from './policies.ts';
import { signaturePolicyFrom } from './policy-text.ts';

describe('a signature policy in words', () => {
  test.each([
    "AND('A.peer','B.peer')",
    "OR('A.admin','B.client','C.member')",
    "OutOf(2,'A.peer','B.peer','C.peer')",
    "AND('A.peer',OR('B.peer','C.orderer'))",
    "'A.peer'",
  ])('%s is read and written alike', (text) => {
    expect(signatureText(signaturePolicyFrom(text))).toBe(text);
  });

  test('takes spaces, any case, and MSP ids with dots', () => {
    expect(signatureText(signaturePolicyFrom(" and( 'org.example.MSP.Peer' , 'B.peer' ) "))).toBe(
      "AND('org.example.MSP.peer','B.peer')",
    );
  });

  test('names a principal once, however often it is asked', () => {
    const policy = signaturePolicyFrom("OR(AND('A.peer','B.peer'),AND('A.peer','C.peer'))");
    expect(policy.identities).toHaveLength(3);
    expect(quorums(signatureFormula(policy)).approve).toEqual([
      ['A', 'B'],
      ['A', 'C'],
    ]);
  });

  test.each([
    '',
    'AND()',
    "AND('A.peer'",
    "AND('A.peer') x",
    "XOR('A.peer')",
    "'A.king'",
    "'peer'",
    "OutOf(3,'A.peer','B.peer')",
    "OutOf(0,'A.peer')",
    "'",
    `${'AND('.repeat(40)}'A.peer'${')'.repeat(40)}`,
  ])('%s is refused', (text) => {
    expect(() => signaturePolicyFrom(text)).toThrow('is not a signature policy');
  });
});
