import { type KeyObject, verify } from 'node:crypto';

/** One DER element: its tag, its content, and the bytes of the whole. */
interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

function* elements(der: Uint8Array): Generator<Element> {
  for (let at = 0; at < der.length; ) {
    const tag = der[at]!;
    let length = der[at + 1] ?? 0;
    let start = at + 2;
    if (length > 0x80) {
      const octets = length - 0x80;
      if (octets > 4) throw new RangeError('a DER length is too long');
      length = Buffer.from(der).readUIntBE(start, octets);
      start += octets;
    } else if (length === 0x80) throw new RangeError('indefinite lengths are not DER');
    const end = start + length;
    if (end > der.length) throw new RangeError('a DER element is cut off');
    yield { tag, content: der.subarray(start, end), whole: der.subarray(at, end) };
    at = end;
  }
}

const sequenceTag = 0x30;
const integerTag = 2;
const timeTags = new Set([0x17, 0x18]);

function ofPem(pem: string): Uint8Array {
  const base64 = /-----BEGIN X509 CRL-----([\s\S]*?)-----END X509 CRL-----/.exec(pem)?.[1];
  if (base64 === undefined) throw new RangeError('not a PEM of label X509 CRL');
  return Buffer.from(base64, 'base64');
}

/** Hex of a serial number without leading zeros, as comparisons need it. */
export function serialKey(serial: string): string {
  return serial.toLowerCase().replace(/^0+/, '');
}

/**
 * The serial numbers that a list revokes (RFC 5280 section 5.1), or undefined when `issuer` did not sign it. Throws
 * RangeError on bytes that are no revocation list.
 */
export function revokedSerials(pem: string, issuer: KeyObject): Set<string> | undefined {
  const [list] = [...elements(ofPem(pem))];
  const [toBeSigned, , signature] = list === undefined ? [] : [...elements(list.content)];
  if (toBeSigned === undefined || signature === undefined) throw new RangeError('not a revocation list');
  // A BIT STRING begins with the number of unused bits, here 0.
  if (!verify('sha256', toBeSigned.whole, issuer, signature.content.subarray(1))) return undefined;
  const fields = [...elements(toBeSigned.content)];
  const lastTime = fields.findLastIndex(({ tag }) => timeTags.has(tag));
  const entries = fields[lastTime + 1];
  const serials = new Set<string>();
  if (entries === undefined || entries.tag !== sequenceTag) return serials;
  for (const entry of elements(entries.content)) {
    const [serial] = [...elements(entry.content)];
    if (serial?.tag === integerTag) serials.add(serialKey(Buffer.from(serial.content).toString('hex')));
  }
  return serials;
}
