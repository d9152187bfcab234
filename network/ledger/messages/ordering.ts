import { Block } from './block.ts';
import { bool, bytes, list, message, nested, string, uint } from './message.ts';

/** What orderers agree on and serve (fabric-protos orderer/*.proto, etcdraft, smartbft). */
export const ConsensusType = message({ type: string(1), metadata: bytes(2), state: uint(3) });
export const BatchSize = message({ maxMessageCount: uint(1), absoluteMaxBytes: uint(2), preferredMaxBytes: uint(3) });
export const BatchTimeout = message({ timeout: string(1) });
export const ChannelRestrictions = message({ maxCount: uint(1) });

export const RaftConsenter = message({
  host: string(1),
  port: uint(2),
  clientTlsCert: bytes(3),
  serverTlsCert: bytes(4),
});
export const RaftOptions = message({
  tickInterval: string(1),
  electionTick: uint(2),
  heartbeatTick: uint(3),
  maxInflightBlocks: uint(4),
  snapshotIntervalSize: uint(5),
});
export const RaftMetadata = message({
  consenters: list(1, () => RaftConsenter),
  options: nested(2, () => RaftOptions),
});

export const BftConsenter = message({
  id: uint(1),
  host: string(2),
  port: uint(3),
  mspId: string(4),
  identity: bytes(5),
  clientTlsCert: bytes(6),
  serverTlsCert: bytes(7),
});
export const BftConsenters = message({ consenterMapping: list(1, () => BftConsenter) });

export const SeekNewest = message({});
export const SeekOldest = message({});
export const SeekSpecified = message({ number: uint(1) });
export const SeekPosition = message({
  newest: nested(1, () => SeekNewest),
  oldest: nested(2, () => SeekOldest),
  specified: nested(3, () => SeekSpecified),
});
/** `behavior` 0 waits for blocks to come, 1 ends with status 404. */
export const SeekInfo = message({
  start: nested(1, () => SeekPosition),
  stop: nested(2, () => SeekPosition),
  behavior: uint(3),
});

export const statusNames: Readonly<Record<number, string>> = {
  200: 'SUCCESS',
  400: 'BAD_REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  413: 'REQUEST_ENTITY_TOO_LARGE',
  500: 'INTERNAL_SERVER_ERROR',
  501: 'NOT_IMPLEMENTED',
  503: 'SERVICE_UNAVAILABLE',
};
export const BroadcastResponse = message({ status: uint(1), info: string(2) });
/** Also `protos.DeliverResponse` of a peer, whose first two fields are the same. */
export const DeliverResponse = message({ status: uint(1), block: nested(2, () => Block) });

export const BftOptions = message({
  requestBatchMaxCount: uint(1),
  requestBatchMaxBytes: uint(2),
  requestBatchMaxInterval: string(3),
  incomingMessageBufferSize: uint(4),
  requestPoolSize: uint(5),
  requestForwardTimeout: string(6),
  requestComplainTimeout: string(7),
  requestAutoRemoveTimeout: string(8),
  requestMaxBytes: uint(9),
  viewChangeResendInterval: string(10),
  viewChangeTimeout: string(11),
  leaderHeartbeatTimeout: string(12),
  leaderHeartbeatCount: uint(13),
  collectTimeout: string(14),
  syncOnStart: bool(15),
  speedUpViewChange: bool(16),
  /** 0 unset, 1 off, 2 on; Fabric refuses 2. */
  leaderRotation: uint(17),
  decisionsPerLeader: uint(18),
});
