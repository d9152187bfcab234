import { bool, bytes, int32, list, message, nested, string, uint64, type Wire } from './message.ts';

// What a transaction read and wants to write (fabric-protos `ledger/rwset`).

export const Version = message('Version', { blockNumber: uint64(1), txNumber: uint64(2) });
export const KvRead = message('KVRead', { key: string(1), version: nested(2, () => Version) });
export const KvWrite = message('KVWrite', { key: string(1), isDelete: bool(2), value: bytes(3) });
export const MetadataEntry = message('KVMetadataEntry', { name: string(1), value: bytes(2) });
export const MetadataWrite = message('KVMetadataWrite', {
  key: string(1),
  entries: list(nested(2, () => MetadataEntry)),
});
export const QueryReads = message('QueryReads', { kvReads: list(nested(1, () => KvRead)) });
export const MerkleSummary = message('QueryReadsMerkleSummary', {
  maxDegree: uint64(1),
  maxLevel: uint64(2),
  maxLevelHashes: list(bytes(3)),
});
export const RangeQueryInfo = message('RangeQueryInfo', {
  startKey: string(1),
  endKey: string(2),
  itrExhausted: bool(3),
  rawReads: nested(4, () => QueryReads),
  merkleHashes: nested(5, () => MerkleSummary),
});
export const KvRwSet = message('KVRWSet', {
  reads: list(nested(1, () => KvRead)),
  rangeQueries: list(nested(2, () => RangeQueryInfo)),
  writes: list(nested(3, () => KvWrite)),
  metadataWrites: list(nested(4, () => MetadataWrite)),
});

export const HashedRead = message('KVReadHash', { keyHash: bytes(1), version: nested(2, () => Version) });
export const HashedWrite = message('KVWriteHash', {
  keyHash: bytes(1),
  isDelete: bool(2),
  valueHash: bytes(3),
  isPurge: bool(4),
});
export const HashedMetadataWrite = message('KVMetadataWriteHash', {
  keyHash: bytes(1),
  entries: list(nested(2, () => MetadataEntry)),
});
export const HashedRwSet = message('HashedRWSet', {
  reads: list(nested(1, () => HashedRead)),
  writes: list(nested(2, () => HashedWrite)),
  metadataWrites: list(nested(3, () => HashedMetadataWrite)),
});
export const CollectionHashedRwSet = message('CollectionHashedReadWriteSet', {
  collection: string(1),
  hashedRwSet: bytes(2),
  privateRwSetHash: bytes(3),
});
export const NsRwSet = message('NsReadWriteSet', {
  namespace: string(1),
  rwSet: bytes(2),
  collections: list(nested(3, () => CollectionHashedRwSet)),
});
export const TxRwSet = message('TxReadWriteSet', { dataModel: int32(1), namespaces: list(nested(2, () => NsRwSet)) });

export const CollectionPrivateRwSet = message('CollectionPvtReadWriteSet', { collection: string(1), rwSet: bytes(2) });
export const NsPrivateRwSet = message('NsPvtReadWriteSet', {
  namespace: string(1),
  collections: list(nested(2, () => CollectionPrivateRwSet)),
});
export const TxPrivateRwSet = message('TxPvtReadWriteSet', {
  dataModel: int32(1),
  namespaces: list(nested(2, () => NsPrivateRwSet)),
});

export type Version = Wire<typeof Version>;
export type KvRead = Wire<typeof KvRead>;
export type RangeQueryInfo = Wire<typeof RangeQueryInfo>;
export type KvRwSet = Wire<typeof KvRwSet>;
export type HashedRwSet = Wire<typeof HashedRwSet>;
export type TxPrivateRwSet = Wire<typeof TxPrivateRwSet>;
