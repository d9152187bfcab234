import { bytes, int32, list, message, nested, string, uint64 } from './message.ts';

// What orderers answer, and how a channel says who they are (fabric-protos `orderer`, `orderer.etcdraft`, `common`).

export const BroadcastResponse = message('BroadcastResponse', { status: int32(1), info: string(2) });

export const ConsensusType = message('ConsensusType', { type: string(1), metadata: bytes(2), state: int32(3) });
const RaftConsenter = message('RaftConsenter', {
  host: string(1),
  port: uint64(2),
  clientTlsCert: bytes(3),
  serverTlsCert: bytes(4),
});
export const RaftMetadata = message('ConfigMetadata', { consenters: list(nested(1, () => RaftConsenter)) });
const Consenter = message('Consenter', {
  id: uint64(1),
  host: string(2),
  port: uint64(3),
  mspId: string(4),
});
/** `common.Orderers`, which names the consenters of a BFT channel. */
export const Orderers = message('Orderers', { consenterMapping: list(nested(1, () => Consenter)) });
export const OrdererAddresses = message('OrdererAddresses', { addresses: list(string(1)) });
