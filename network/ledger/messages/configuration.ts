import { Envelope } from './block.ts';
import { bytes, bytesMap, list, type Message, map, message, nested, string, stringList, uint } from './message.ts';
import { Policy } from './policy.ts';

/** A channel's configuration tree and its updates (fabric-protos common/configtx.proto, common/configuration.proto). */
export interface ConfigValue {
  version: number;
  value: Uint8Array;
  modPolicy: string;
}
export interface ConfigPolicy {
  version: number;
  policy?: { type: number; value: Uint8Array } | undefined;
  modPolicy: string;
}
export interface ConfigGroup {
  version: number;
  groups: Map<string, ConfigGroup>;
  values: Map<string, ConfigValue>;
  policies: Map<string, ConfigPolicy>;
  modPolicy: string;
}

export const ConfigValue: Message<ConfigValue> = message({ version: uint(1), value: bytes(2), modPolicy: string(3) });
export const ConfigPolicy: Message<ConfigPolicy> = message({
  version: uint(1),
  policy: nested(2, () => Policy),
  modPolicy: string(3),
});
export const ConfigGroup: Message<ConfigGroup> = message({
  version: uint(1),
  groups: map(2, () => ConfigGroup),
  values: map(3, () => ConfigValue),
  policies: map(4, () => ConfigPolicy),
  modPolicy: string(5),
});

export const Config = message({ sequence: uint(1), channelGroup: nested(2, () => ConfigGroup) });
export const ConfigEnvelope = message({ config: nested(1, () => Config), lastUpdate: nested(2, () => Envelope) });
export const ConfigSignature = message({ signatureHeader: bytes(1), signature: bytes(2) });
export const ConfigUpdateEnvelope = message({ configUpdate: bytes(1), signatures: list(2, () => ConfigSignature) });
export const ConfigUpdate = message({
  channelId: string(1),
  readSet: nested(2, () => ConfigGroup),
  writeSet: nested(3, () => ConfigGroup),
  isolatedData: bytesMap(5),
});

export const HashingAlgorithm = message({ name: string(1) });
export const BlockDataHashingStructure = message({ width: uint(1) });
export const OrdererAddresses = message({ addresses: stringList(1) });
export const Capability = message({});
export const Capabilities = message({ capabilities: map(1, () => Capability) });
export const AnchorPeer = message({ host: string(1), port: uint(2) });
export const AnchorPeers = message({ anchorPeers: list(1, () => AnchorPeer) });
export const ApiResource = message({ policyRef: string(1) });
export const Acls = message({ acls: map(1, () => ApiResource) });
