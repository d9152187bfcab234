import { hash } from 'node:crypto';
import { blockId } from './block-id.ts';
import type { Scheme } from './erasure/index.ts';
import { SealFault } from './fault.ts';
import { type GetFragment, gatherFragments, type Hedge } from './gather-fragments.ts';
import { combineShares, type Share } from './shamir.ts';
import { decodeShare, shareBlockBytes } from './share-block.ts';
import { SlotBook } from './slot-book.ts';

/** What a manifest says of the shares of S: the scheme, and the SHA-256 of each slot's share block (32 bytes each, slot order). */
export interface SharedSecret extends Scheme {
  readonly shares: Uint8Array;
}

export interface GatherSecretOptions {
  readonly get: GetFragment;
  readonly hedge?: Hedge | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Puts S together from k shares: asks k + 1 slots, another for every one that fails, is late, or gives anything but the block
 * that the manifest names. The caller clears the 32 bytes when done. INSUFFICIENT_SHARES where fewer than k are to be had.
 */
export async function gatherSecret(
  { k, n, shares }: SharedSecret,
  { get, hedge = {}, signal = new AbortController().signal }: GatherSecretOptions,
): Promise<Uint8Array> {
  if (shares.length !== 32 * n) throw new SealFault('SHARES_INVALID', `${n} shares are needed`);
  const digestOf = (slot: number) => shares.subarray(32 * slot, 32 * slot + 32);
  const known = new Map<number, Share>();
  try {
    const gathered = await gatherFragments({
      need: k,
      candidates: Array.from({ length: n }, (_, slot) => slot),
      cidOf: (slot) => blockId(digestOf(slot)),
      fragmentBytes: shareBlockBytes,
      get: async (slot, cid, options) => {
        const block = await get(slot, cid, options);
        if (Buffer.compare(hash('sha256', block, 'buffer'), digestOf(slot)) !== 0)
          throw new SealFault('SHARES_INVALID', `slot ${slot} gave another block than the manifest names`);
        known.set(slot, decodeShare(block, slot, { k, n }));
        return block;
      },
      book: new SlotBook(n),
      hedge,
      signal,
    });
    return combineShares(
      gathered.map(({ slot }) => known.get(slot) as Share),
      { k, n },
    );
  } catch (cause) {
    if (!(cause instanceof SealFault) || cause.code !== 'INSUFFICIENT_FRAGMENTS') throw cause;
    throw new SealFault('INSUFFICIENT_SHARES', `${known.size} of ${k} needed shares of S are to be had`, { cause });
  } finally {
    for (const { bytes } of known.values()) bytes.fill(0);
  }
}
