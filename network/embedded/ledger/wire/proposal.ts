import { bytesMap, Envelope, Timestamp } from './envelope.ts';
import { bool, bytes, int32, list, message, nested, string, type Wire } from './message.ts';
import { SignaturePolicyEnvelope } from './policy.ts';

// Proposals, their answers and the transactions made of them (fabric-protos `peer`).

export const SignedProposal = message('SignedProposal', { proposalBytes: bytes(1), signature: bytes(2) });
export const Proposal = message('Proposal', { header: bytes(1), payload: bytes(2), extension: bytes(3) });
export const ChaincodeId = message('ChaincodeID', { path: string(1), name: string(2), version: string(3) });
export const ChaincodeHeaderExtension = message('ChaincodeHeaderExtension', {
  chaincodeId: nested(2, () => ChaincodeId),
});
export const ChaincodeProposalPayload = message('ChaincodeProposalPayload', {
  input: bytes(1),
  transientMap: bytesMap(2),
});
export const ChaincodeInput = message('ChaincodeInput', {
  args: list(bytes(1)),
  decorations: bytesMap(2),
  isInit: bool(3),
});
export const ChaincodeSpec = message('ChaincodeSpec', {
  type: int32(1),
  chaincodeId: nested(2, () => ChaincodeId),
  input: nested(3, () => ChaincodeInput),
  timeout: int32(4),
});
export const ChaincodeInvocationSpec = message('ChaincodeInvocationSpec', {
  chaincodeSpec: nested(1, () => ChaincodeSpec),
});

export const Response = message('Response', { status: int32(1), message: string(2), payload: bytes(3) });
export const Endorsement = message('Endorsement', { endorser: bytes(1), signature: bytes(2) });
export const ChaincodeCall = message('ChaincodeCall', {
  name: string(1),
  collectionNames: list(string(2)),
  noPrivateReads: bool(3),
  noPublicWrites: bool(4),
  keyPolicies: list(nested(5, () => SignaturePolicyEnvelope)),
  disregardNamespacePolicy: bool(6),
});
export const ChaincodeInterest = message('ChaincodeInterest', { chaincodes: list(nested(1, () => ChaincodeCall)) });
export const ProposalResponse = message('ProposalResponse', {
  version: int32(1),
  timestamp: nested(2, () => Timestamp),
  response: nested(4, () => Response),
  payload: bytes(5),
  endorsement: nested(6, () => Endorsement),
  interest: nested(7, () => ChaincodeInterest),
});
export const ProposalResponsePayload = message('ProposalResponsePayload', {
  proposalHash: bytes(1),
  extension: bytes(2),
});
export const ChaincodeAction = message('ChaincodeAction', {
  results: bytes(1),
  events: bytes(2),
  response: nested(3, () => Response),
  chaincodeId: nested(4, () => ChaincodeId),
});
export const ChaincodeEvent = message('ChaincodeEvent', {
  chaincodeId: string(1),
  txId: string(2),
  eventName: string(3),
  payload: bytes(4),
});

export const TransactionAction = message('TransactionAction', { header: bytes(1), payload: bytes(2) });
export const Transaction = message('Transaction', { actions: list(nested(1, () => TransactionAction)) });
export const ChaincodeEndorsedAction = message('ChaincodeEndorsedAction', {
  proposalResponsePayload: bytes(1),
  endorsements: list(nested(2, () => Endorsement)),
});
export const ChaincodeActionPayload = message('ChaincodeActionPayload', {
  chaincodeProposalPayload: bytes(1),
  action: nested(2, () => ChaincodeEndorsedAction),
});
export const ProcessedTransaction = message('ProcessedTransaction', {
  transactionEnvelope: nested(1, () => Envelope),
  validationCode: int32(2),
});

export type ChaincodeInterest = Wire<typeof ChaincodeInterest>;
export type SignedProposal = Wire<typeof SignedProposal>;
export type ChaincodeInput = Wire<typeof ChaincodeInput>;
export type ChaincodeProposalPayload = Wire<typeof ChaincodeProposalPayload>;
export type ChaincodeAction = Wire<typeof ChaincodeAction>;
export type ChaincodeEvent = Wire<typeof ChaincodeEvent>;
export type ChaincodeEndorsedAction = Wire<typeof ChaincodeEndorsedAction>;
/** What a chaincode or a peer answers: an HTTP-like status, below 400 when it may become a transaction. */
export interface Response {
  readonly status: number;
  readonly message?: string | undefined;
  readonly payload?: Buffer | undefined;
}

/** `peer.TxValidationCode`, the codes that this ledger gives. */
export const Code = {
  VALID: 0,
  NIL_ENVELOPE: 1,
  BAD_PAYLOAD: 2,
  BAD_COMMON_HEADER: 3,
  BAD_CREATOR_SIGNATURE: 4,
  INVALID_ENDORSER_TRANSACTION: 5,
  UNSUPPORTED_TX_PAYLOAD: 7,
  BAD_PROPOSAL_TXID: 8,
  DUPLICATE_TXID: 9,
  ENDORSEMENT_POLICY_FAILURE: 10,
  MVCC_READ_CONFLICT: 11,
  PHANTOM_READ_CONFLICT: 12,
  UNKNOWN_TX_TYPE: 13,
  TARGET_CHAIN_NOT_FOUND: 14,
  BAD_HEADER_EXTENSION: 19,
  BAD_RESPONSE_PAYLOAD: 21,
  BAD_RWSET: 22,
  ILLEGAL_WRITESET: 23,
  INVALID_WRITESET: 24,
  INVALID_CHAINCODE: 25,
  NOT_VALIDATED: 254,
  INVALID_OTHER_REASON: 255,
} as const;
export type Code = (typeof Code)[keyof typeof Code];
