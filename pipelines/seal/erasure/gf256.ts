/**
 * Arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and generator 2, as ISA-L and most
 * Reed-Solomon libraries use it. Addition is exclusive or. Elements are bytes.
 */
const polynomial = 0x11d;
const powers = new Uint8Array(510);
const logarithms = new Uint8Array(256);
for (let exponent = 0, element = 1; exponent < 255; exponent++) {
  powers[exponent] = element;
  powers[exponent + 255] = element;
  logarithms[element] = exponent;
  element <<= 1;
  if (element & 0x100) element ^= polynomial;
}

export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : (powers[(logarithms[a] ?? 0) + (logarithms[b] ?? 0)] ?? 0);
}

/** The element whose product with `a` is 1; zero has none and is refused. */
export function inverse(a: number): number {
  if (a === 0) throw new RangeError('zero has no inverse');
  return powers[255 - (logarithms[a] ?? 0)] ?? 0;
}
