import type { EndorsedAnswer } from '../endorsed-answer.ts';
import { Fault } from '../fault.ts';
import {
  ChaincodeAction,
  ChaincodeInvocationSpec,
  ChaincodeProposalPayload,
  ChannelHeader,
  Envelope,
  ProcessedTransaction,
  ProposalResponsePayload,
} from '../messages/index.ts';
import { sha256 } from '../signing.ts';
import type { ChannelConfig } from './channel-config.ts';
import { verifyMember, verifySignature } from './member.ts';

/** What one organization's peer said, and to which question. The time in it would be the asker's, so none is given. */
export interface VerifiedAnswer {
  readonly organization: string;
  readonly query: string;
  /** After the channel. */
  readonly args: readonly string[];
  readonly payload: Uint8Array;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

/**
 * Checks an organization's signed `qscc` answer: signature of a peer of that organization, bound to this question on this
 * channel. Only good news is signed: a peer signs no answer with a status of 400 or above.
 */
export function verifyAnswer(answer: EndorsedAnswer, config: ChannelConfig): VerifiedAnswer {
  const { channelHeader, signatureHeader, proposalPayload, responsePayload, endorser, signature } = answer;
  const peer = verifyMember(endorser, config.applicationMsps);
  if (peer.role !== 'peer') throw new Fault('corrupt', `a ${peer.role} of ${peer.mspId} signed a peer's answer`);
  verifySignature(peer, Buffer.concat([responsePayload, endorser]), signature, 'its answer');
  const { proposalHash, extension } = ProposalResponsePayload.decode(responsePayload);
  if (Buffer.compare(sha256(channelHeader, signatureHeader, proposalPayload), proposalHash) !== 0) {
    throw new Fault('corrupt', `${peer.mspId} answered another question`);
  }
  const { response, chaincodeId } = ChaincodeAction.decode(extension);
  const spec = ChaincodeInvocationSpec.decode(ChaincodeProposalPayload.decode(proposalPayload).input).chaincodeSpec;
  const [query, channel, ...args] = (spec?.input?.args ?? []).map(text);
  const wrong =
    chaincodeId?.name !== 'qscc'
      ? `the answer is of chaincode ${chaincodeId?.name ?? 'nobody'}, not of qscc`
      : response?.status !== 200
        ? `the answer has status ${response?.status ?? 'none'}`
        : ChannelHeader.decode(channelHeader).channelId !== config.channel || channel !== config.channel
          ? 'the answer is about another channel'
          : query === undefined
            ? 'the question is empty'
            : undefined;
  if (wrong !== undefined) throw new Fault('corrupt', `${peer.mspId}: ${wrong}`);
  return { organization: peer.mspId, query: query!, args, payload: response!.payload };
}

/** What an answer to `GetTransactionByID` says of a transaction. */
export interface AnsweredTransaction {
  readonly organization: string;
  readonly transactionId: string;
  readonly validationCode: number;
  /** `common.Envelope` bytes, to be compared with the block's. */
  readonly envelope: Uint8Array;
}

/** Reads a verified answer to `GetTransactionByID`; refuses answers to other questions. */
export function answeredTransaction(answer: VerifiedAnswer): AnsweredTransaction {
  const [transactionId] = answer.args;
  if (answer.query !== 'GetTransactionByID' || transactionId === undefined) {
    throw new Fault('corrupt', `${answer.organization} was asked ${answer.query}, not for a transaction`);
  }
  const { transactionEnvelope, validationCode } = ProcessedTransaction.decode(answer.payload);
  if (transactionEnvelope === undefined)
    throw new Fault('corrupt', `${answer.organization} answered without a transaction`);
  return {
    organization: answer.organization,
    transactionId,
    validationCode,
    envelope: Envelope.encode(transactionEnvelope),
  };
}
