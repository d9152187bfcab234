import { Timestamp } from './envelope.ts';
import { bool, bytes, int32, list, message, nested, string, type Wire } from './message.ts';
import { ChaincodeEvent, SignedProposal } from './proposal.ts';

// The stream between a peer and a chaincode (fabric-protos `peer/chaincode_shim`, `ledger/queryresult`).

export const ChaincodeMessage = message('ChaincodeMessage', {
  type: int32(1),
  timestamp: nested(2, () => Timestamp),
  payload: bytes(3),
  txId: string(4),
  proposal: nested(5, () => SignedProposal),
  chaincodeEvent: nested(6, () => ChaincodeEvent),
  channelId: string(7),
});
/** `ChaincodeMessage.Type`. KEEPALIVE (18) is left out: fabric-shim for Node ends its process on receiving one. */
export const Shim = {
  REGISTER: 1,
  REGISTERED: 2,
  INIT: 3,
  READY: 4,
  TRANSACTION: 5,
  COMPLETED: 6,
  ERROR: 7,
  GET_STATE: 8,
  PUT_STATE: 9,
  DEL_STATE: 10,
  INVOKE_CHAINCODE: 11,
  RESPONSE: 13,
  GET_STATE_BY_RANGE: 14,
  GET_QUERY_RESULT: 15,
  QUERY_STATE_NEXT: 16,
  QUERY_STATE_CLOSE: 17,
  GET_HISTORY_FOR_KEY: 19,
  GET_STATE_METADATA: 20,
  PUT_STATE_METADATA: 21,
  GET_PRIVATE_DATA_HASH: 22,
  PURGE_PRIVATE_DATA: 23,
} as const;
const names = new Map<number, string>(Object.entries(Shim).map(([name, type]) => [type, name]));
/** The name of a message type, as Fabric's error texts spell it. */
export const shimName = (type: number): string => names.get(type) ?? String(type);

/** Also the payload of DEL_STATE, GET_PRIVATE_DATA_HASH, PURGE_PRIVATE_DATA and GET_STATE_METADATA. */
export const GetState = message('GetState', { key: string(1), collection: string(2) });
export const PutState = message('PutState', { key: string(1), value: bytes(2), collection: string(3) });
export const StateMetadata = message('StateMetadata', { metakey: string(1), value: bytes(2) });
export const StateMetadataResult = message('StateMetadataResult', { entries: list(nested(1, () => StateMetadata)) });
export const PutStateMetadata = message('PutStateMetadata', {
  key: string(1),
  collection: string(3),
  metadata: nested(4, () => StateMetadata),
});
export const GetStateByRange = message('GetStateByRange', {
  startKey: string(1),
  endKey: string(2),
  collection: string(3),
  metadata: bytes(4),
});
export const GetQueryResult = message('GetQueryResult', {
  query: string(1),
  collection: string(2),
  metadata: bytes(3),
});
export const QueryMetadata = message('QueryMetadata', { pageSize: int32(1), bookmark: string(2) });
export const QueryId = message('QueryStateNext', { id: string(1) });
export const GetHistoryForKey = message('GetHistoryForKey', { key: string(1) });
const QueryResultBytes = message('QueryResultBytes', { resultBytes: bytes(1) });
export const QueryResponse = message('QueryResponse', {
  results: list(nested(1, () => QueryResultBytes)),
  hasMore: bool(2),
  id: string(3),
  metadata: bytes(4),
});
export const QueryResponseMetadata = message('QueryResponseMetadata', {
  fetchedRecords: int32(1),
  bookmark: string(2),
});
export const Kv = message('KV', { namespace: string(1), key: string(2), value: bytes(3) });
export const KeyModification = message('KeyModification', {
  txId: string(1),
  value: bytes(2),
  timestamp: nested(3, () => Timestamp),
  isDelete: bool(4),
});

export type ChaincodeMessage = Wire<typeof ChaincodeMessage>;
