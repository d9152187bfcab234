import { base32 } from 'multiformats/bases/base32';

/** CIDv1, codec raw, multihash sha2-256 of 32 bytes: the only content ids there are for fragments. */
const prefix = Uint8Array.of(0x01, 0x55, 0x12, 0x20);

export function blockId(digest: Uint8Array): string {
  if (digest.length !== 32) throw new RangeError('a SHA-256 digest has 32 bytes');
  return base32.encode(Buffer.concat([prefix, digest]));
}

/** The SHA-256 digest in such a content id; any other text is refused. */
export function blockDigest(cid: string): Uint8Array {
  const bytes = /^b[a-z2-7]{57}[aeimquy4]$/.test(cid) ? base32.decode(cid) : new Uint8Array(0);
  if (bytes.length !== 36 || !prefix.every((byte, at) => bytes[at] === byte) || base32.encode(bytes) !== cid)
    throw new RangeError('not the content id of a raw SHA-256 block');
  return bytes.subarray(4);
}
