import { createCipheriv, createDecipheriv } from 'node:crypto';
import { SealFault } from './fault.ts';
import { headerBytes, layoutOf, preludeBytes, tagBytes } from './layout.ts';
import { nameBytes, type SegmentName } from './segment-key.ts';

/** What a sealed segment is bound to besides its key: its place in the version and whether it is the last one. */
export interface SegmentContext extends SegmentName {
  readonly last: boolean;
}

export interface SealedPlaintext {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

const magic = Buffer.from('DCS1');
const label = 'dcloud/seal/1\0';
/** One cipher call per piece: small enough to stay in cache, large enough that the call costs nothing. */
const pieceBytes = 256 * 1024;
const zeros = new Uint8Array(pieceBytes);

/**
 * The additional data: label, version, index, token, the number of segments (u32; only the last segment states it,
 * others 0, so that a stream of unknown length can be sealed) and the last flag.
 */
export function additionalData(context: SegmentContext): Uint8Array {
  const ending = Buffer.alloc(5);
  if (context.last) ending.writeUInt32BE(context.index + 1, 0);
  ending[4] = context.last ? 1 : 0;
  return Buffer.concat([Buffer.from(label), nameBytes(context), ending]);
}

/** Writes the sealed segment over all of `into`, whose length is k times the layout's stripes and fragment bytes. */
export function sealSegment(
  plain: SealedPlaintext,
  context: SegmentContext,
  key: Uint8Array,
  nonce: Uint8Array,
  into: Uint8Array,
): void {
  const end = into.length - tagBytes;
  const padding = end - headerBytes - preludeBytes - plain.bytes.length;
  if (padding < 0 || nonce.length !== 12)
    throw new RangeError('a sealed segment has room for its plaintext, and a nonce of 12');
  into.set(magic, 0);
  into.set(nonce, magic.length);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(additionalData(context));
  const prelude = Buffer.alloc(preludeBytes);
  prelude.writeBigUInt64BE(BigInt(plain.bytes.length), 0);
  prelude.writeBigUInt64BE(BigInt(plain.rows), 8);
  let at = headerBytes;
  const append = (piece: Uint8Array) => {
    into.set(cipher.update(piece), at);
    at += piece.length;
  };
  append(prelude);
  for (let from = 0; from < plain.bytes.length; from += pieceBytes)
    append(plain.bytes.subarray(from, Math.min(plain.bytes.length, from + pieceBytes)));
  while (at < end) append(zeros.subarray(0, Math.min(pieceBytes, end - at)));
  cipher.final();
  into.set(cipher.getAuthTag(), end);
}

/**
 * Opens a sealed segment cut for k. The plaintext is a view of memory of its own, given out only when tag, length, size
 * class and padding hold; anything else is SEGMENT_CORRUPT.
 */
export function openSegment(sealed: Uint8Array, context: SegmentContext, key: Uint8Array, k: number): SealedPlaintext {
  const corrupt = (why: string, cause?: unknown) =>
    new SealFault('SEGMENT_CORRUPT', `segment ${context.index} of ${context.version} ${why}`, { cause });
  const end = sealed.length - tagBytes;
  if (end < headerBytes + preludeBytes || Buffer.compare(sealed.subarray(0, 4), magic) !== 0)
    throw corrupt('is not a sealed segment of format 1');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(4, headerBytes), { authTagLength: tagBytes });
  decipher.setAAD(additionalData(context));
  decipher.setAuthTag(sealed.subarray(end));
  const inner = decipher.update(sealed.subarray(headerBytes, end));
  try {
    decipher.final();
  } catch (cause) {
    throw corrupt('does not open with this key in this place', cause);
  }
  const plainBytes = Number(inner.readBigUInt64BE(0));
  const rows = Number(inner.readBigUInt64BE(8));
  const padding = inner.length - preludeBytes - plainBytes;
  if (!(padding >= 0) || !Number.isSafeInteger(rows)) throw corrupt('states an impossible length');
  const layout = layoutOf(plainBytes, k);
  if (layout.stripes * layout.fragmentBytes * k !== sealed.length)
    throw corrupt('is not in the size class of its length');
  for (let at = preludeBytes + plainBytes; at < inner.length; at += pieceBytes) {
    const piece = inner.subarray(at, at + pieceBytes);
    if (piece.compare(zeros, 0, piece.length) !== 0) throw corrupt('is not padded with zeros');
  }
  return { bytes: inner.subarray(preludeBytes, preludeBytes + plainBytes), rows };
}
