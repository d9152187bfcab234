import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Role } from '../wire/policy.ts';
import { SignaturePolicyEnvelope } from '../wire/policy.ts';
import type { Identity } from './identity.ts';
import { signaturePolicy } from './policy.ts';
import { parsePolicy } from './policy-text.ts';

const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signer = (name: `${string}.${Role}`, problem?: string): Identity => {
  const [mspId = '', role] = name.split('.') as [string, Role];
  return { mspId, roles: new Set([role]), units: [], serialized: Buffer.from(name), problem, notAfter: 0, key };
};
const holds = (policy: string, ...signers: Identity[]): boolean =>
  signaturePolicy(parsePolicy(policy)).satisfiedBy(signers);

describe('a signature policy', () => {
  test('asks for all, any or some', () => {
    const [a, b, c] = [signer('A.peer'), signer('B.peer'), signer('C.peer')];
    expect(holds("AND('A.peer','B.peer')", a, b)).toBe(true);
    expect(holds("AND('A.peer','B.peer')", a, c)).toBe(false);
    expect(holds("OR('A.peer','B.peer')", b)).toBe(true);
    expect(holds("OutOf(2,'A.peer','B.peer','C.peer')", a, c)).toBe(true);
    expect(holds("OutOf(2,'A.peer','B.peer','C.peer')", c)).toBe(false);
    expect(holds("OR('A.admin', AND('B.peer', OutOf(1, 'C.peer', 'D.peer')))", b, c)).toBe(true);
    expect(holds("OutOf(0,'A.peer')")).toBe(true);
  });

  test('tells roles apart, and everybody sound is a member', () => {
    expect(holds("OR('A.admin')", signer('A.peer'))).toBe(false);
    expect(holds("OR('A.member')", signer('A.client'))).toBe(true);
    expect(holds("OR('A.member')", signer('B.client'))).toBe(false);
    expect(holds("OR('A.member')", signer('A.client', 'revoked'))).toBe(false);
  });

  test('counts one signer once, and gives back what a failing branch took', () => {
    const a = signer('A.peer');
    expect(holds("AND('A.peer','A.peer')", a)).toBe(false);
    expect(holds("AND('A.peer','A.peer')", a, signer('A.peer'))).toBe(true);
    expect(holds("OR(AND('A.peer','B.peer'),'A.peer')", a)).toBe(true);
  });

  test('that cannot be read is refused with a sentence', () => {
    for (const wrong of [
      "AND('A.peer'",
      'A.peer',
      "OutOf('A.peer')",
      "AND('A.boss')",
      "AND('A.peer') x",
      '',
      'AND()',
    ]) {
      expect(() => parsePolicy(wrong)).toThrow(/endorsement policy/);
    }
    const beyond = SignaturePolicyEnvelope.decode(
      SignaturePolicyEnvelope.encode({ rule: { signedBy: 3 }, identities: [] }),
    );
    expect(() => signaturePolicy(beyond)).toThrow(
      'identity index out of range, requested 3, but identities length is 0',
    );
  });
});
