import { hkdfSync } from 'node:crypto';

/** The secrets of one dataset version: its content key and, when fragments carry Shamir shares, S. 32 random bytes each. */
export interface VersionSecret {
  readonly cek: Uint8Array;
  readonly s?: Uint8Array | undefined;
}

/** Which segment of which version, sealed under which fencing token (0 for published versions). */
export interface SegmentName {
  readonly version: string;
  readonly index: number;
  readonly token: number;
}

/** Either the derived key of one segment (what a compute node is given) or the version's secret to derive it from. */
export type SegmentSecret = { readonly key: Uint8Array } | VersionSecret;

const label = 'dcloud/segment-key/1\0';

/**
 * The AES-256 key of one segment: HKDF-SHA256 (RFC 5869) with the input CEK || S, no salt, and as info the label, the
 * version id, the index and the token. Two attempts at a partition have different tokens, so they never share a key.
 */
export function deriveSegmentKey(secret: VersionSecret, name: SegmentName): Uint8Array {
  if (secret.cek.length !== 32 || (secret.s !== undefined && secret.s.length !== 32))
    throw new RangeError('a content key and S have 32 bytes each');
  const material = Buffer.concat([secret.cek, secret.s ?? new Uint8Array(0)]);
  const key = hkdfSync('sha256', material, new Uint8Array(0), Buffer.concat([Buffer.from(label), nameBytes(name)]), 32);
  material.fill(0);
  return new Uint8Array(key);
}

/** The key of a segment from whichever of the two its holder has. */
export function segmentKeyOf(secret: SegmentSecret, name: SegmentName): Uint8Array {
  return 'key' in secret ? secret.key : deriveSegmentKey(secret, name);
}

/** Version id (length as u16, ASCII), index (u32), token (u64); big-endian. */
export function nameBytes({ version, index, token }: SegmentName): Uint8Array {
  if (!/^[A-Za-z0-9._:-]{1,128}$/.test(version)) throw new RangeError('a version id has 1 to 128 plain characters');
  if (!Number.isInteger(index) || index < 0 || index > 0xffff_ffff) throw new RangeError(`no segment index: ${index}`);
  if (!Number.isSafeInteger(token) || token < 0) throw new RangeError(`no token: ${token}`);
  const bytes = Buffer.alloc(2 + version.length + 12);
  bytes.writeUInt16BE(version.length, 0);
  bytes.write(version, 2, 'latin1');
  bytes.writeUInt32BE(index, 2 + version.length);
  bytes.writeBigUInt64BE(BigInt(token), 6 + version.length);
  return bytes;
}
