import { inverse, multiply } from './erasure/gf256.ts';
import { checkScheme, type Scheme } from './erasure/index.ts';
import { SealFault } from './fault.ts';

export const secretBytes = 32;

/** One share of a 32-byte secret: the polynomials' values at `index` (1 to n; slot j of a version holds index j + 1). */
export interface Share {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/**
 * Shamir's scheme over GF(2^8) (0x11d), byte by byte: any k of the n shares give the secret, k - 1 tell nothing about
 * it (A. Shamir, "How to Share a Secret", 1979). `coefficients` are 32 (k - 1) random bytes: those of x for all 32
 * bytes, then those of x^2 and so on. The same input gives the same shares.
 */
export function splitSecret(secret: Uint8Array, scheme: Scheme, coefficients: Uint8Array): Share[] {
  checkScheme(scheme);
  const { k, n } = scheme;
  if (secret.length !== secretBytes || coefficients.length !== secretBytes * (k - 1))
    throw new RangeError(`splitting at ${k} takes 32 bytes and ${secretBytes * (k - 1)} coefficients`);
  return Array.from({ length: n }, (_, slot) => {
    const index = slot + 1;
    const bytes = new Uint8Array(secretBytes);
    for (let degree = k - 1; degree >= 0; degree--)
      for (let at = 0; at < secretBytes; at++) {
        const coefficient = degree === 0 ? secret[at] : coefficients[(degree - 1) * secretBytes + at];
        bytes[at] = multiply(bytes[at] ?? 0, index) ^ (coefficient ?? 0);
      }
    return { index, bytes };
  });
}

/** The share at `index` that k others determine: what a repair without the secret's knowledge puts back. */
export function interpolateShare(shares: readonly Share[], index: number): Share {
  const bytes = new Uint8Array(secretBytes);
  for (const share of shares) {
    let weight = 1;
    for (const other of shares)
      if (other !== share) weight = multiply(weight, multiply(index ^ other.index, inverse(share.index ^ other.index)));
    for (let at = 0; at < secretBytes; at++) bytes[at] = (bytes[at] ?? 0) ^ multiply(weight, share.bytes[at] ?? 0);
  }
  return { index, bytes };
}

/**
 * The secret from k or more shares. SHARES_INVALID for fewer than k, an index outside 1 to n, an index twice, a wrong
 * length, or shares beyond k that do not lie on the same polynomials.
 */
export function combineShares(shares: readonly Share[], scheme: Scheme): Uint8Array {
  checkScheme(scheme);
  const { k, n } = scheme;
  const invalid = (why: string) => new SealFault('SHARES_INVALID', why);
  if (shares.length < k) throw invalid(`${k} shares are needed, ${shares.length} are there`);
  const indexes = new Set(shares.map(({ index }) => index));
  if (indexes.size !== shares.length) throw invalid('an index occurs twice');
  for (const { index, bytes } of shares) {
    if (!Number.isInteger(index) || index < 1 || index > n) throw invalid(`no share has index ${index}`);
    if (bytes.length !== secretBytes) throw invalid(`a share has ${secretBytes} bytes`);
  }
  const enough = shares.slice(0, k);
  for (const spare of shares.slice(k))
    if (Buffer.compare(interpolateShare(enough, spare.index).bytes, spare.bytes) !== 0)
      throw invalid('the shares do not belong together');
  return interpolateShare(enough, 0).bytes;
}
