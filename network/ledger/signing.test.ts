import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isLowS, signLowS, toLowS, verifyLowS } from './signing.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const message = Buffer.from('what is signed');

describe('signatures as Fabric wants them', () => {
  test('OpenSSL makes high s about half of the time, and the other form signs alike', () => {
    let high = 0;
    for (let round = 0; round < 200; round++) {
      const der = sign('sha256', message, privateKey);
      if (!isLowS(der)) high += 1;
      const low = toLowS(der);
      expect(isLowS(low)).toBe(true);
      expect(verify('sha256', message, publicKey, low)).toBe(true);
    }
    expect(high).toBeGreaterThan(50);
  });

  test('a high s is refused on verification although it is right', () => {
    let der = sign('sha256', message, privateKey);
    while (isLowS(der)) der = sign('sha256', message, privateKey);
    expect(verifyLowS(publicKey, message, der)).toBe(false);
    expect(verifyLowS(publicKey, message, toLowS(der))).toBe(true);
  });

  test('signs with low s and verifies only what was signed', () => {
    const der = signLowS(privateKey, message);
    expect(verifyLowS(publicKey, message, der)).toBe(true);
    expect(verifyLowS(publicKey, Buffer.from('something else'), der)).toBe(false);
  });

  test.each(['', '30', '3006020101020101ff', '31060201010201ff'])('does not take %p for a signature', (hex) => {
    expect(verifyLowS(publicKey, message, Buffer.from(hex, 'hex'))).toBe(false);
  });
});
