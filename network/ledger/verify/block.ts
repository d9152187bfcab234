import { Fault } from '../fault.ts';
import {
  IdentifierHeader,
  Metadata,
  metadataPlaces,
  OrdererBlockMetadata,
  SerializedIdentity,
  SignatureHeader,
} from '../messages/index.ts';
import { blockHash, dataHash, headerBytes, parseBlock, type WholeBlock } from './block-hash.ts';
import type { ChannelConfig } from './channel-config.ts';
import { verifyMember, verifySignature } from './member.ts';

/** A block whose data belong to its header and whose header orderers of the channel signed. */
export interface VerifiedBlock extends WholeBlock {
  readonly hash: Uint8Array;
  /** Organizations whose orderers signed. In Raft that is one, so one organization's word; in BFT a quorum. */
  readonly signers: readonly string[];
  /** Number of the config block in force, as the orderers signed it. */
  readonly lastConfig: number;
  /** One validation code per envelope; empty in an orderer's copy. Signed by nobody: an endorsed answer vouches for them. */
  readonly validationCodes: Uint8Array;
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** Checks that the data are those that the header hashes. */
export function verifyData(block: WholeBlock): void {
  if (!same(dataHash(block.envelopes), block.header.dataHash)) {
    throw new Fault('corrupt', `the data of block ${block.header.number} are not those of its header`);
  }
}

/** Checks data and orderer signatures of a block (`common.Block` bytes) by the configuration in force when it was cut. */
export function verifyBlock(bytes: Uint8Array, config: ChannelConfig): VerifiedBlock {
  const block = parseBlock(bytes);
  verifyData(block);
  const signers = verifyOrderers(block, config);
  const validationCodes = block.metadata[metadataPlaces.transactionsFilter] ?? new Uint8Array(0);
  const { value } = Metadata.decode(block.metadata[metadataPlaces.signatures] ?? new Uint8Array(0));
  const lastConfig = OrdererBlockMetadata.decode(value).lastConfig?.index ?? 0;
  return { ...block, hash: blockHash(block.header), signers, lastConfig, validationCodes };
}

/**
 * Checks that a block was cut under this very configuration. Without it somebody could leave config blocks out, and let organizations
 * that left, or certificates that were revoked since, speak for later blocks.
 */
export function verifyInForce({ header, lastConfig }: VerifiedBlock, config: ChannelConfig): void {
  if (lastConfig === config.blockNumber) return;
  throw new Fault(
    'corrupt',
    `block ${header.number} was cut under config block ${lastConfig}, not under ${config.blockNumber}`,
  );
}

function verifyOrderers(block: WholeBlock, config: ChannelConfig): string[] {
  const { value, signatures } = Metadata.decode(block.metadata[metadataPlaces.signatures] ?? new Uint8Array(0));
  const header = headerBytes(block.header);
  const what = `block ${block.header.number}`;
  if (config.consensus === 'BFT') return verifyQuorum({ value, signatures, header, what }, config);
  const signers = signatures.map(({ signatureHeader, signature }) => {
    const member = verifyMember(SignatureHeader.decode(signatureHeader).creator, config.ordererMsps);
    if (member.role !== 'orderer')
      throw new Fault('corrupt', `${what} is signed by a ${member.role} of ${member.mspId}`);
    verifySignature(member, Buffer.concat([value, signatureHeader, header]), signature, what);
    return member.mspId;
  });
  if (signers.length === 0) throw new Fault('corrupt', `no orderer signed ${what}`);
  return [...new Set(signers)];
}

interface Signed {
  readonly value: Uint8Array;
  readonly signatures: readonly { identifierHeader: Uint8Array; signature: Uint8Array }[];
  readonly header: Uint8Array;
  readonly what: string;
}

/** BFT: ceil((n + f + 1) / 2) different consenters of the mapping, f = floor((n − 1) / 3). */
function verifyQuorum({ value, signatures, header, what }: Signed, config: ChannelConfig): string[] {
  const signed = new Map<number, string>();
  for (const { identifierHeader, signature } of signatures) {
    const { identifier } = IdentifierHeader.decode(identifierHeader);
    const signer = config.bftSigners.find(({ id }) => id === identifier);
    if (signer === undefined)
      throw new Fault('corrupt', `${what} is signed by consenter ${identifier}, who is not mapped`);
    const { mspId, certificate } = signer;
    const identity = SerializedIdentity.encode({ mspId, certificate: Buffer.from(certificate) });
    const member = verifyMember(identity, config.ordererMsps);
    verifySignature(member, Buffer.concat([value, identifierHeader, header]), signature, what);
    signed.set(identifier, mspId);
  }
  const n = config.bftSigners.length;
  const quorum = Math.ceil((n + Math.floor((n - 1) / 3) + 1) / 2);
  if (signed.size < quorum) throw new Fault('corrupt', `${what} has ${signed.size} of ${quorum} needed signatures`);
  return [...new Set(signed.values())];
}

/** Checks that blocks follow one another: numbers by one, each with the hash of the one before. */
export function verifyFollows(before: WholeBlock, after: WholeBlock): void {
  if (after.header.number !== before.header.number + 1 || !same(after.header.previousHash, blockHash(before.header))) {
    throw new Fault('corrupt', `block ${after.header.number} does not follow block ${before.header.number}`);
  }
}
