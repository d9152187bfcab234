import { bytes, bytesList, int, list, message, nested, string, uint } from './message.ts';

/** Fabric's `common.Block` and the envelopes inside it (fabric-protos common/common.proto). */
export const Timestamp = message({ seconds: int(1), nanos: int(2) });

export const headerTypes = { config: 1, configUpdate: 2, endorserTransaction: 3, deliverSeekInfo: 5 } as const;

export const ChannelHeader = message({
  type: int(1),
  version: int(2),
  timestamp: nested(3, () => Timestamp),
  channelId: string(4),
  txId: string(5),
  epoch: uint(6),
  extension: bytes(7),
  tlsCertHash: bytes(8),
});

export const SignatureHeader = message({ creator: bytes(1), nonce: bytes(2) });
export const Header = message({ channelHeader: bytes(1), signatureHeader: bytes(2) });
export const Payload = message({ header: nested(1, () => Header), data: bytes(2) });
export const Envelope = message({ payload: bytes(1), signature: bytes(2) });

export const BlockHeader = message({ number: uint(1), previousHash: bytes(2), dataHash: bytes(3) });
export const BlockData = message({ data: bytesList(1) });
export const BlockMetadata = message({ metadata: bytesList(1) });
export const Block = message({
  header: nested(1, () => BlockHeader),
  data: nested(2, () => BlockData),
  metadata: nested(3, () => BlockMetadata),
});

/** Places in `BlockMetadata.metadata`; the filter is one raw byte per transaction, the others are `Metadata`. */
export const metadataPlaces = { signatures: 0, lastConfig: 1, transactionsFilter: 2, commitHash: 4 } as const;

export const MetadataSignature = message({
  signatureHeader: bytes(1),
  signature: bytes(2),
  identifierHeader: bytes(3),
});
export const Metadata = message({ value: bytes(1), signatures: list(2, () => MetadataSignature) });
export const IdentifierHeader = message({ identifier: uint(1), nonce: bytes(2) });
export const LastConfig = message({ index: uint(1) });
export const OrdererBlockMetadata = message({ lastConfig: nested(1, () => LastConfig), consenterMetadata: bytes(2) });

export const BlockchainInfo = message({ height: uint(1), currentBlockHash: bytes(2), previousBlockHash: bytes(3) });
