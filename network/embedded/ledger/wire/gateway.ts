import { Block, Envelope } from './envelope.ts';
import { bytes, int32, list, message, nested, string, uint64, type Wire } from './message.ts';
import { ChaincodeEvent, Response, SignedProposal } from './proposal.ts';
import { TxPrivateRwSet } from './rwset.ts';

// The services that clients of a peer call (fabric-protos `gateway`, `orderer`, `peer`, `google.rpc`).

export const EvaluateRequest = message('EvaluateRequest', {
  transactionId: string(1),
  channelId: string(2),
  proposedTransaction: nested(3, () => SignedProposal),
  targetOrganizations: list(string(4)),
});
export const EvaluateResponse = message('EvaluateResponse', { result: nested(1, () => Response) });
export const EndorseRequest = message('EndorseRequest', {
  transactionId: string(1),
  channelId: string(2),
  proposedTransaction: nested(3, () => SignedProposal),
  endorsingOrganizations: list(string(4)),
});
export const EndorseResponse = message('EndorseResponse', { preparedTransaction: nested(1, () => Envelope) });
export const SubmitRequest = message('SubmitRequest', {
  transactionId: string(1),
  channelId: string(2),
  preparedTransaction: nested(3, () => Envelope),
});
export const SignedRequest = message('SignedRequest', { request: bytes(1), signature: bytes(2) });
export const CommitStatusRequest = message('CommitStatusRequest', {
  transactionId: string(1),
  channelId: string(2),
  identity: bytes(3),
});
export const CommitStatusResponse = message('CommitStatusResponse', { result: int32(1), blockNumber: uint64(2) });

const Nothing = message('Nothing', {});
const SeekSpecified = message('SeekSpecified', { number: uint64(1) });
export const SeekPosition = message('SeekPosition', {
  newest: nested(1, () => Nothing),
  oldest: nested(2, () => Nothing),
  specified: nested(3, () => SeekSpecified),
  nextCommit: nested(4, () => Nothing),
});
export const SeekInfo = message('SeekInfo', {
  start: nested(1, () => SeekPosition),
  stop: nested(2, () => SeekPosition),
  behavior: int32(3),
  errorResponse: int32(4),
  contentType: int32(5),
});
/** `SeekInfo.behavior`: whether to wait for blocks that are not there yet. */
export const FAIL_IF_NOT_READY = 1;
/** `SeekInfo.errorResponse`: whether blocks are wanted also from an orderer without a leader. */
export const BEST_EFFORT = 1;
export const ChaincodeEventsRequest = message('ChaincodeEventsRequest', {
  channelId: string(1),
  chaincodeId: string(2),
  identity: bytes(3),
  startPosition: nested(4, () => SeekPosition),
  afterTransactionId: string(5),
});
export const ChaincodeEventsResponse = message('ChaincodeEventsResponse', {
  events: list(nested(1, () => ChaincodeEvent)),
  blockNumber: uint64(2),
});

const FilteredChaincodeAction = message('FilteredChaincodeAction', { chaincodeEvent: nested(1, () => ChaincodeEvent) });
const FilteredTransactionActions = message('FilteredTransactionActions', {
  chaincodeActions: list(nested(1, () => FilteredChaincodeAction)),
});
const FilteredTransaction = message('FilteredTransaction', {
  txId: string(1),
  type: int32(2),
  validationCode: int32(3),
  actions: nested(4, () => FilteredTransactionActions),
});
export const FilteredBlock = message('FilteredBlock', {
  channelId: string(1),
  number: uint64(2),
  transactions: list(nested(4, () => FilteredTransaction)),
});
const PrivateEntry = message('PrivateEntry', { key: uint64(1), value: nested(2, () => TxPrivateRwSet) });
export const BlockAndPrivateData = message('BlockAndPrivateData', {
  block: nested(1, () => Block),
  privateData: list(nested(2, () => PrivateEntry)),
});
export const DeliverResponse = message('DeliverResponse', {
  status: int32(1),
  block: nested(2, () => Block),
  filteredBlock: nested(3, () => FilteredBlock),
  blockAndPrivateData: nested(4, () => BlockAndPrivateData),
});
/** `common.Status` of Deliver: HTTP's numbers. */
export const DeliverStatus = {
  SUCCESS: 200,
  BAD_REQUEST: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  SERVICE_UNAVAILABLE: 503,
} as const;

export const ErrorDetail = message('ErrorDetail', { address: string(1), mspId: string(2), message: string(3) });
const Any = message('Any', { typeUrl: string(1), value: bytes(2) });
export const RpcStatus = message('Status', { code: int32(1), message: string(2), details: list(nested(3, () => Any)) });

const ChannelInfo = message('ChannelInfo', { channelId: string(1) });
export const ChannelQueryResponse = message('ChannelQueryResponse', { channels: list(nested(1, () => ChannelInfo)) });

export type SeekInfo = Wire<typeof SeekInfo>;
export type SeekPosition = Wire<typeof SeekPosition>;
export interface ErrorDetail {
  readonly address: string;
  readonly mspId: string;
  readonly message: string;
}
