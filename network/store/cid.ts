import { hash } from 'node:crypto';
import { base32 } from 'multiformats/bases/base32';
import { Fault } from '../ledger/fault.ts';
import { StoreRefusal } from './refusal.ts';

/** The content id of a block: CIDv1, codec raw, sha2-256 of 32 bytes, in lower-case base32. No other form is accepted anywhere. */
export type BlockCid = string & { readonly blockCid: unique symbol };

/** The largest block: a fragment of 1 MiB and room for what travels with it. */
export const maxBlockBytes = 1024 * 1024 + 64 * 1024;

/** CIDv1 (0x01), raw (0x55), sha2-256 (0x12) of 32 bytes (0x20). */
const cidPrefix = Buffer.from([0x01, 0x55, 0x12, 0x20]);

/** The CID of these bytes. */
export function cidOf(bytes: Uint8Array): BlockCid {
  return base32.encode(Buffer.concat([cidPrefix, hash('sha256', bytes, 'buffer')])) as BlockCid;
}

/** Reads a CID from outside. Its one spelling is accepted, so that equal blocks have equal names. @throws StoreRefusal CID_INVALID */
export function parseCid(text: string): BlockCid {
  if (digestOf(text) === undefined) {
    throw new StoreRefusal(
      'CID_INVALID',
      `${JSON.stringify(text.slice(0, 80))} is not the CID of a raw sha2-256 block`,
    );
  }
  return text as BlockCid;
}

/** Whether these bytes are the block of that CID. */
export function isBlockOf(cid: string, bytes: Uint8Array): boolean {
  const digest = digestOf(cid);
  return digest !== undefined && hash('sha256', bytes, 'buffer').equals(digest);
}

/** Bytes that arrived for a CID, or a fault that says who sent something else. @throws Fault corrupt */
export function verified(cid: BlockCid, bytes: Buffer, sender: string): Buffer {
  if (!isBlockOf(cid, bytes)) throw new Fault('corrupt', `${sender} sent other bytes than those of block ${cid}`);
  return bytes;
}

/** Refuses what must not be put: bytes that are not the CID's, or too many. @throws StoreRefusal CID_INVALID or BLOCK_INVALID */
export function checkPut(text: string, bytes: Uint8Array): BlockCid {
  const cid = parseCid(text);
  if (bytes.length > maxBlockBytes) {
    throw new StoreRefusal('BLOCK_INVALID', `a block has at most ${maxBlockBytes} bytes, this one ${bytes.length}`);
  }
  if (!isBlockOf(cid, bytes)) throw new StoreRefusal('BLOCK_INVALID', `the bytes are not those of block ${cid}`);
  return cid;
}

/** 36 bytes are 288 bits, so the last of 58 characters has two bits to spare, which must be zero: any other is a second spelling of the same bytes. */
function digestOf(text: string): Uint8Array | undefined {
  if (!/^bafkrei[a-h][a-z2-7]{50}[aeimquy4]$/.test(text)) return undefined;
  return base32.decode(text).subarray(cidPrefix.length);
}
