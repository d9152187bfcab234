import { randomBytes } from 'node:crypto';
import { sha256 } from '../msp/signature.ts';
import type { BlockSigner } from '../msp/signer.ts';
import {
  Block,
  type BlockHeader,
  LastConfig,
  Metadata,
  OrdererBlockMetadata,
  SignatureHeader,
} from '../wire/envelope.ts';
import { type LedgerTransaction, readTransaction } from './transaction.ts';

const EMPTY = Buffer.alloc(0);

/** A block of this ledger with its transactions read and their validation codes, one byte each. */
export interface LedgerBlock {
  readonly header: BlockHeader;
  readonly transactions: readonly LedgerTransaction[];
  readonly codes: Buffer;
  /** See `commitHash`; empty in block 0 and in ledgers that were begun without. */
  readonly commitHash: Buffer;
  /** The whole `common.Block`. */
  readonly bytes: Buffer;
}

/** ASN.1 `SEQUENCE { INTEGER number, OCTET STRING previous, OCTET STRING data }`: what is hashed and what orderers sign. */
export function headerBytes({ number, previousHash, dataHash }: BlockHeader): Buffer {
  const hex = number.toString(16);
  const digits = Buffer.from(hex.padStart(hex.length + (hex.length & 1), '0'), 'hex');
  const positive = digits[0]! & 128 ? Buffer.concat([Buffer.from([0]), digits]) : digits;
  return tlv(0x30, Buffer.concat([tlv(2, positive), tlv(4, previousHash), tlv(4, dataHash)]));
}

const tlv = (tag: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([tag, body.length]), body]);

export const headerHash = (header: BlockHeader): Buffer => sha256(headerBytes(header));

/** The header of the block that follows. */
export function nextHeader(
  number: number,
  previousHash: Buffer,
  transactions: readonly LedgerTransaction[],
): BlockHeader {
  return { number, previousHash, dataHash: sha256(...transactions.map(({ bytes }) => bytes)) };
}

/** Who signs a block, and the number of the config block in force (a config block's own). */
export interface Seal {
  readonly orderer: BlockSigner;
  readonly lastConfig: number;
  readonly commitHash: Buffer;
  readonly random?: ((size: number) => Buffer) | undefined;
}

/** Lays a block out and signs it as the orderer does. `[2]` is raw, one byte per transaction, unlike its neighbours. */
export function sealBlock(
  header: BlockHeader,
  transactions: readonly LedgerTransaction[],
  codes: Buffer,
  { orderer, lastConfig, commitHash, random = randomBytes }: Seal,
): LedgerBlock {
  const index = { index: lastConfig };
  const value = OrdererBlockMetadata.encode({ lastConfig: index });
  const signatureHeader = SignatureHeader.encode({ creator: orderer.identity, nonce: random(24) });
  const signature = orderer.sign(Buffer.concat([value, signatureHeader, headerBytes(header)]));
  const signatures = Metadata.encode({ value, signatures: [{ signatureHeader, signature }] });
  const bytes = Block.encode({
    header,
    data: { data: transactions.map((transaction) => transaction.bytes) },
    metadata: {
      metadata: [
        signatures,
        Metadata.encode({ value: LastConfig.encode(index) }),
        codes,
        EMPTY,
        commitHash.length > 0 ? Metadata.encode({ value: commitHash }) : EMPTY,
      ],
    },
  });
  return { header, transactions, codes, commitHash, bytes };
}

/** Number of the config block in force when this block was cut, as its orderer signed it; a config block names itself. */
export function lastConfigOf(bytes: Buffer): number {
  const { value } = Metadata.decode(Block.decode(bytes).metadata?.metadata[0] ?? EMPTY);
  return OrdererBlockMetadata.decode(value).lastConfig?.index ?? 0;
}

/** The genesis block as a peer keeps and delivers it: with the codes that orderers leave out, all valid. */
export function asCommitted(genesisBlock: Buffer): Buffer {
  const { header, data, metadata } = Block.decode(genesisBlock);
  const places = metadata?.metadata ?? [];
  if (data === undefined || (places[2] ?? EMPTY).length > 0) return genesisBlock;
  const codes = Buffer.alloc(data.data.length);
  const [signatures = EMPTY, lastConfig = EMPTY, , third = EMPTY, commitHash = EMPTY] = places;
  return Block.encode({ header, data, metadata: { metadata: [signatures, lastConfig, codes, third, commitHash] } });
}

/** Reads a block as it lies on disk. Block 0 has no codes: it holds the configuration, which is valid. */
export function readBlock(bytes: Buffer): LedgerBlock {
  const { header, data, metadata } = Block.decode(bytes);
  if (header === undefined || data === undefined) throw new Error('A block without header or data.');
  const codes = metadata?.metadata[2] ?? EMPTY;
  const transactions = data.data.map(readTransaction);
  const commitHash = Metadata.decode(metadata?.metadata[4] ?? EMPTY).value;
  const known = codes.length > 0 ? codes : Buffer.alloc(transactions.length);
  return { header, transactions, codes: known, commitHash, bytes };
}
