import { Fault } from '../fault.ts';
import { type LedgerTransaction, readEnvelope } from '../ledger-block.ts';
import {
  ChaincodeAction,
  ChaincodeActionPayload,
  ChannelHeader,
  Envelope,
  Payload,
  ProposalResponsePayload,
  SignatureHeader,
  Transaction,
} from '../messages/index.ts';
import { sha256 } from '../signing.ts';
import type { ChannelConfig } from './channel-config.ts';
import { type Member, verifyMember, verifySignature } from './member.ts';

/** A transaction whose creator and endorsers really signed it. Whether it was valid, an endorsed answer says. */
export interface VerifiedTransaction {
  readonly transaction: LedgerTransaction;
  readonly channel: string;
  readonly creator: Member;
  /** Organizations whose peers endorsed this result. */
  readonly endorsers: readonly string[];
  /** The chaincode's answer. */
  readonly result: Uint8Array;
  /** TxReadWriteSet bytes: what it read and wrote. */
  readonly readWriteSet: Uint8Array;
}

/** Checks a transaction's envelope (`common.Envelope` bytes) by the configuration in force at its block. */
export function verifyTransaction(bytes: Uint8Array, config: ChannelConfig): VerifiedTransaction {
  const envelope = Envelope.decode(bytes);
  const payload = Payload.decode(envelope.payload);
  const { channelHeader, signatureHeader } = payload.header ?? missing('header');
  const { creator, nonce } = SignatureHeader.decode(signatureHeader);
  const { txId, channelId } = ChannelHeader.decode(channelHeader);
  if (channelId !== config.channel) throw new Fault('corrupt', `transaction ${txId} belongs to channel ${channelId}`);
  if (sha256(nonce, creator).toString('hex') !== txId)
    throw new Fault('corrupt', `transaction ${txId} does not have its creator's id`);
  const member = verifyMember(creator, config.applicationMsps);
  verifySignature(member, envelope.payload, envelope.signature, `transaction ${txId}`);
  const [action, ...more] = Transaction.decode(payload.data).actions;
  if (action === undefined || more.length > 0)
    throw new Fault('corrupt', `transaction ${txId} does not have one action`);
  const { chaincodeProposalPayload, action: endorsed } = ChaincodeActionPayload.decode(action.payload);
  const { proposalResponsePayload, endorsements } = endorsed ?? missing('action');
  const { proposalHash, extension } = ProposalResponsePayload.decode(proposalResponsePayload);
  if (Buffer.compare(sha256(channelHeader, signatureHeader, chaincodeProposalPayload), proposalHash) !== 0) {
    throw new Fault('corrupt', `the endorsers of transaction ${txId} answered another proposal`);
  }
  const endorsers = endorsements.map(({ endorser, signature }) => {
    const peer = verifyMember(endorser, config.applicationMsps);
    if (peer.role !== 'peer')
      throw new Fault('corrupt', `a ${peer.role} of ${peer.mspId} endorsed transaction ${txId}`);
    verifySignature(peer, Buffer.concat([proposalResponsePayload, endorser]), signature, `transaction ${txId}`);
    return peer.mspId;
  });
  const { results, response } = ChaincodeAction.decode(extension);
  return {
    transaction: readEnvelope(bytes),
    channel: channelId,
    creator: member,
    endorsers: [...new Set(endorsers)],
    result: response?.payload ?? new Uint8Array(0),
    readWriteSet: results,
  };
}

function missing(part: string): never {
  throw new Fault('corrupt', `the transaction has no ${part}`);
}
