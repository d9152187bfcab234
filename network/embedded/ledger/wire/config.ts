import { bool, bytes, int32, list, type Message, map, message, nested, string, uint64, type Wire } from './message.ts';
import { Policy } from './policy.ts';

// The channel's configuration (fabric-protos `common`, `msp`, `orderer`).

export const ConfigValue = message('ConfigValue', { version: uint64(1), value: bytes(2), modPolicy: string(3) });
export const ConfigPolicy = message('ConfigPolicy', {
  version: uint64(1),
  policy: nested(2, () => Policy),
  modPolicy: string(3),
});
/** One level of the configuration tree. */
export interface ConfigGroup {
  readonly version: number;
  readonly groups: Readonly<Record<string, ConfigGroup>> | undefined;
  readonly values: Readonly<Record<string, Wire<typeof ConfigValue>>> | undefined;
  readonly policies: Readonly<Record<string, Wire<typeof ConfigPolicy>>> | undefined;
  readonly modPolicy: string;
}
type ConfigPolicyIn = {
  readonly version?: number | undefined;
  readonly policy?: Partial<Wire<typeof Policy>> | undefined;
  readonly modPolicy?: string | undefined;
};
type ConfigGroupIn = {
  readonly version?: number | undefined;
  readonly groups?: Readonly<Record<string, ConfigGroupIn>> | undefined;
  readonly values?: Readonly<Record<string, Partial<Wire<typeof ConfigValue>>>> | undefined;
  readonly policies?: Readonly<Record<string, ConfigPolicyIn>> | undefined;
  readonly modPolicy?: string | undefined;
};
const GroupEntry: Message<
  { key: string; value: ConfigGroup },
  { readonly key?: string | undefined; readonly value?: ConfigGroupIn | undefined }
> = message('GroupEntry', { key: string(1), value: nested(2, () => ConfigGroup) }) as never;
const ValueEntry = message('ValueEntry', { key: string(1), value: nested(2, () => ConfigValue) });
const PolicyEntry = message('PolicyEntry', { key: string(1), value: nested(2, () => ConfigPolicy) });
export const ConfigGroup: Message<ConfigGroup, ConfigGroupIn> = message('ConfigGroup', {
  version: uint64(1),
  groups: map(2, () => GroupEntry),
  values: map(3, () => ValueEntry),
  policies: map(4, () => PolicyEntry),
  modPolicy: string(5),
}) as never;
export const Config = message('Config', { sequence: uint64(1), channelGroup: nested(2, () => ConfigGroup) });
/** `ConfigEnvelope` with its parts left as bytes: maps have no stable order, so nothing is encoded anew. */
export const RawConfigEnvelope = message('RawConfigEnvelope', { config: bytes(1), lastUpdate: bytes(2) });

export const ConfigSignature = message('ConfigSignature', { signatureHeader: bytes(1), signature: bytes(2) });
export const ConfigUpdateEnvelope = message('ConfigUpdateEnvelope', {
  configUpdate: bytes(1),
  signatures: list(nested(2, () => ConfigSignature)),
});
export const ConfigUpdate = message('ConfigUpdate', {
  channelId: string(1),
  readSet: nested(2, () => ConfigGroup),
  writeSet: nested(3, () => ConfigGroup),
});

export const BatchTimeout = message('BatchTimeout', { timeout: string(1) });
const Capability = message('Capability', {});
const CapabilityEntry = message('CapabilityEntry', { key: string(1), value: nested(2, () => Capability) });
export const Capabilities = message('Capabilities', { capabilities: map(1, () => CapabilityEntry) });
const ApiResource = message('APIResource', { policyRef: string(1) });
const AclEntry = message('ACLEntry', { key: string(1), value: nested(2, () => ApiResource) });
export const Acls = message('ACLs', { acls: map(1, () => AclEntry) });

export const MspConfig = message('MSPConfig', { type: int32(1), config: bytes(2) });
export const OuIdentifier = message('FabricOUIdentifier', { certificate: bytes(1), unit: string(2) });
export const NodeOus = message('FabricNodeOUs', {
  enable: bool(1),
  client: nested(2, () => OuIdentifier),
  peer: nested(3, () => OuIdentifier),
  admin: nested(4, () => OuIdentifier),
  orderer: nested(5, () => OuIdentifier),
});
export const FabricMspConfig = message('FabricMSPConfig', {
  name: string(1),
  rootCerts: list(bytes(2)),
  intermediateCerts: list(bytes(3)),
  admins: list(bytes(4)),
  revocationList: list(bytes(5)),
  tlsRootCerts: list(bytes(9)),
  tlsIntermediateCerts: list(bytes(10)),
  nodeOus: nested(11, () => NodeOus),
});
export const BatchSize = message('BatchSize', {
  maxMessageCount: uint64(1),
  absoluteMaxBytes: uint64(2),
  preferredMaxBytes: uint64(3),
});

export type FabricMspConfig = Wire<typeof FabricMspConfig>;
