/** A sealed segment is magic (4), nonce (12), ciphertext of prelude (16), plaintext and zeros, then the tag (16). */
export const headerBytes = 16;
export const preludeBytes = 16;
export const tagBytes = 16;
export const maxFragmentBytes = 1024 * 1024;
export const minFragmentBytes = 1024;
/** Keeps one segment well inside what one AES-GCM message and one buffer may hold. */
export const maxSegmentBytes = 256 * 1024 * 1024;

/** How a sealed segment is cut: `stripes` stripes of k fragments of `fragmentBytes` each. */
export interface SegmentLayout {
  readonly stripes: number;
  readonly fragmentBytes: number;
}

/**
 * The Padme size class of a length: the length rounded up so that only log2(log2) bits of it show; at most 12 % more,
 * 6 % at 1 MB (K. Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019).
 */
export function sizeClass(bytes: number): number {
  if (bytes < 2) return bytes;
  const exponent = Math.floor(Math.log2(bytes));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** Math.max(0, exponent - kept);
  return Math.ceil(bytes / step) * step;
}

/**
 * The layout of a segment of `plainBytes`: as few stripes as fragments of at most 1 MiB allow, fragments a multiple of
 * 64 bytes and at least 1 KiB. Depends on the size class only, so a layout tells no more than the class.
 */
export function layoutOf(plainBytes: number, k: number): SegmentLayout {
  if (!Number.isSafeInteger(plainBytes) || plainBytes < 0 || plainBytes > maxSegmentBytes)
    throw new RangeError(`a segment has 0 to ${maxSegmentBytes} bytes, got ${plainBytes}`);
  const padded = sizeClass(plainBytes + headerBytes + preludeBytes + tagBytes);
  const stripes = Math.ceil(padded / (k * maxFragmentBytes));
  const fragmentBytes = Math.max(minFragmentBytes, Math.ceil(padded / (stripes * k * 64)) * 64);
  return { stripes, fragmentBytes };
}

/** The most plaintext that still fits `stripes` full stripes: what ingest aims at so that padding costs nothing. */
export function segmentCapacity(k: number, stripes: number): number {
  const whole = stripes * k * maxFragmentBytes;
  const fits = sizeClass(whole) === whole ? whole : 2 ** Math.floor(Math.log2(whole));
  return fits - headerBytes - preludeBytes - tagBytes;
}
