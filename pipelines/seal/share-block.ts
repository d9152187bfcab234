import { hash, randomBytes } from 'node:crypto';
import { blockId } from './block-id.ts';
import { checkScheme, type Scheme } from './erasure/index.ts';
import { SealFault } from './fault.ts';
import { type Share, secretBytes, splitSecret } from './shamir.ts';

/** The block that lies beside a slot's fragments: "DCH1", index, k, n, zero, 32 bytes of share. */
const magic = Buffer.from('DCH1');
export const shareBlockBytes = 8 + secretBytes;

/** S cut into its shares: the block of every slot, and what the manifest holds of them. */
export interface SplitSecret {
  readonly s: Uint8Array;
  readonly blocks: readonly ShareBlock[];
  readonly digests: Uint8Array;
}

export interface ShareBlock {
  readonly slot: number;
  readonly cid: string;
  readonly bytes: Uint8Array;
}

export function encodeShare({ index, bytes }: Share, { k, n }: Scheme): ShareBlock {
  const block = Buffer.concat([magic, Uint8Array.of(index, k, n, 0), bytes]);
  return { slot: index - 1, cid: blockId(hash('sha256', block, 'buffer')), bytes: block };
}

/** Reads a share block; anything but the one encoding of a share of this scheme and slot is SHARES_INVALID. */
export function decodeShare(block: Uint8Array, slot: number, scheme: Scheme): Share {
  checkScheme(scheme);
  const head = Buffer.concat([magic, Uint8Array.of(slot + 1, scheme.k, scheme.n, 0)]);
  if (block.length !== shareBlockBytes || Buffer.compare(block.subarray(0, 8), head) !== 0)
    throw new SealFault('SHARES_INVALID', `the block of slot ${slot} is no share of ${scheme.k} of ${scheme.n}`);
  return { index: slot + 1, bytes: Uint8Array.from(block.subarray(8)) };
}

/** What a manifest's `shares` holds: the digests of the share blocks, slot by slot. */
export function shareDigests(blocks: readonly ShareBlock[]): Uint8Array {
  const ordered = [...blocks].sort((a, b) => a.slot - b.slot);
  return Buffer.concat(ordered.map(({ bytes }) => hash('sha256', bytes, 'buffer')));
}

/** A new S with its share blocks. S and the coefficients are never kept; the caller clears `s` when done. */
export function mintSecret(scheme: Scheme, random: (bytes: number) => Uint8Array = randomBytes): SplitSecret {
  const s = random(secretBytes);
  return { s, ...shareAnew(s, scheme, random) };
}

/** Share blocks of an S that there is, on a polynomial of their own: they combine with no share that was made before. */
export function shareAnew(
  s: Uint8Array,
  scheme: Scheme,
  random: (bytes: number) => Uint8Array = randomBytes,
): Omit<SplitSecret, 's'> {
  const coefficients = random(secretBytes * (scheme.k - 1));
  const shares = splitSecret(s, scheme, coefficients);
  const blocks = shares.map((share) => encodeShare(share, scheme));
  coefficients.fill(0);
  for (const { bytes } of shares) bytes.fill(0);
  return { blocks, digests: shareDigests(blocks) };
}
