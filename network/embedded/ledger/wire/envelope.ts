import { bytes, int32, list, map, message, nested, string, uint64, type Wire } from './message.ts';

// Envelopes, headers and blocks (fabric-protos `common`, `google.protobuf`).

export const Timestamp = message('Timestamp', { seconds: uint64(1), nanos: int32(2) });
export const Envelope = message('Envelope', { payload: bytes(1), signature: bytes(2) });
export const Header = message('Header', { channelHeader: bytes(1), signatureHeader: bytes(2) });
export const Payload = message('Payload', { header: nested(1, () => Header), data: bytes(2) });
export const ChannelHeader = message('ChannelHeader', {
  type: int32(1),
  version: int32(2),
  timestamp: nested(3, () => Timestamp),
  channelId: string(4),
  txId: string(5),
  epoch: uint64(6),
  extension: bytes(7),
  tlsCertHash: bytes(8),
});
export const SignatureHeader = message('SignatureHeader', { creator: bytes(1), nonce: bytes(2) });
export const SerializedIdentity = message('SerializedIdentity', { mspId: string(1), certificate: bytes(2) });

export const BlockHeader = message('BlockHeader', { number: uint64(1), previousHash: bytes(2), dataHash: bytes(3) });
export const BlockData = message('BlockData', { data: list(bytes(1)) });
export const BlockMetadata = message('BlockMetadata', { metadata: list(bytes(1)) });
export const Block = message('Block', {
  header: nested(1, () => BlockHeader),
  data: nested(2, () => BlockData),
  metadata: nested(3, () => BlockMetadata),
});
export const MetadataSignature = message('MetadataSignature', { signatureHeader: bytes(1), signature: bytes(2) });
export const Metadata = message('Metadata', { value: bytes(1), signatures: list(nested(2, () => MetadataSignature)) });
/** `common.Status` of Broadcast and Deliver: HTTP's numbers. */
export const BroadcastStatus = {
  SUCCESS: 200,
  BAD_REQUEST: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  SERVICE_UNAVAILABLE: 503,
} as const;
export const LastConfig = message('LastConfig', { index: uint64(1) });
export const OrdererBlockMetadata = message('OrdererBlockMetadata', {
  lastConfig: nested(1, () => LastConfig),
  consenterMetadata: bytes(2),
});
export const BlockchainInfo = message('BlockchainInfo', {
  height: uint64(1),
  currentBlockHash: bytes(2),
  previousBlockHash: bytes(3),
});

export const BytesEntry = message('BytesEntry', { key: string(1), value: bytes(2) });
/** A map field with string keys and bytes values. */
export const bytesMap = (number: number) => map(number, () => BytesEntry);

export type Timestamp = Wire<typeof Timestamp>;
export type Envelope = Wire<typeof Envelope>;
export type Header = Wire<typeof Header>;
export type Payload = Wire<typeof Payload>;
export type ChannelHeader = Wire<typeof ChannelHeader>;
export type SignatureHeader = Wire<typeof SignatureHeader>;
export type BlockHeader = Wire<typeof BlockHeader>;
export type Block = Wire<typeof Block>;

export type BroadcastStatus = (typeof BroadcastStatus)[keyof typeof BroadcastStatus];

/** `common.HeaderType`, the kinds that are told apart here. */
export const HeaderType = {
  MESSAGE: 0,
  CONFIG: 1,
  CONFIG_UPDATE: 2,
  ENDORSER_TRANSACTION: 3,
  ORDERER_TRANSACTION: 4,
  DELIVER_SEEK_INFO: 5,
  CHAINCODE_PACKAGE: 6,
} as const;
