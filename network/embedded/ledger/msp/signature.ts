import { createHash, hash } from 'node:crypto';

/** Half the order of P-256. Fabric refuses signatures whose s lies above it, because (r, n - s) verifies as well. */
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const HALF = Buffer.from((ORDER >> 1n).toString(16).padStart(64, '0'), 'hex');

/** SHA-256 over the parts in a row. */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  if (parts.length === 1) return hash('sha256', parts[0]!, 'buffer');
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest();
}

/** Whether a DER ECDSA signature over P-256 has its s in the lower half. */
export function isLowS(der: Uint8Array): boolean {
  const at = 4 + (der[3] ?? 0);
  if (der[0] !== 0x30 || der[2] !== 2 || der[at] !== 2) return false;
  const s = der.subarray(at + 2, at + 2 + (der[at + 1] ?? 0));
  const value = s[0] === 0 ? s.subarray(1) : s;
  return value.length < 32 || (value.length === 32 && Buffer.compare(value, HALF) <= 0);
}

/** The same signature with s in the lower half; OpenSSL gives the upper one half of the time. */
export function lowS(der: Buffer): Buffer {
  if (isLowS(der)) return der;
  const rEnd = 4 + der[3]!;
  const s = ORDER - BigInt(`0x${der.toString('hex', rEnd + 2)}`);
  const body = Buffer.concat([der.subarray(2, rEnd), integer(Buffer.from(s.toString(16).padStart(64, '0'), 'hex'))]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function integer(bytes: Buffer): Buffer {
  let i = 0;
  while (i < bytes.length - 1 && bytes[i] === 0) i++;
  const value = bytes.subarray(i);
  const padding = value[0]! & 128 ? [0] : [];
  return Buffer.concat([Buffer.from([2, value.length + padding.length, ...padding]), value]);
}
