import { Block, type Decoded } from '../messages/index.ts';
import { sha256 } from '../signing.ts';

type Header = { readonly number: number; readonly previousHash: Uint8Array; readonly dataHash: Uint8Array };

function der(tag: number, body: Uint8Array): Buffer {
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : undefined;
  if (length === undefined) throw new RangeError('a block header is never this long');
  return Buffer.concat([Buffer.of(tag, ...length), body]);
}

/** What orderers sign and hashes chain: DER SEQUENCE { INTEGER number, OCTET STRING previousHash, OCTET STRING dataHash }. */
export function headerBytes(header: Header): Uint8Array {
  const hex = header.number.toString(16);
  const number = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const positive = number[0]! & 0x80 ? Buffer.concat([Buffer.of(0), number]) : number;
  return der(0x30, Buffer.concat([der(2, positive), der(4, header.previousHash), der(4, header.dataHash)]));
}

/** A block's hash, 32 bytes: that of its header alone; the header holds the hash of the data. */
export function blockHash(header: Header): Uint8Array {
  return sha256(headerBytes(header));
}

/** SHA-256 over the concatenated envelopes. */
export function dataHash(envelopes: readonly Uint8Array[]): Uint8Array {
  return sha256(...envelopes);
}

/** The block of these bytes with its parts present; throws MalformedMessage otherwise. */
export function parseBlock(bytes: Uint8Array): WholeBlock {
  const { header, data, metadata } = Block.decode(bytes);
  return {
    header: header ?? { number: 0, previousHash: new Uint8Array(0), dataHash: new Uint8Array(0) },
    envelopes: data?.data ?? [],
    metadata: metadata?.metadata ?? [],
  };
}

/** A block as read: its header, its envelopes' bytes and its metadata entries (Fabric's five places). */
export interface WholeBlock {
  readonly header: NonNullable<Decoded<typeof Block>['header']>;
  readonly envelopes: readonly Uint8Array[];
  readonly metadata: readonly Uint8Array[];
}
