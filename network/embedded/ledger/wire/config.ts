import { Envelope } from './envelope.ts';
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
type ConfigGroupIn = {
  readonly version?: number | undefined;
  readonly groups?: Readonly<Record<string, ConfigGroupIn>> | undefined;
  readonly values?: Readonly<Record<string, Partial<Wire<typeof ConfigValue>>>> | undefined;
  readonly policies?: Readonly<Record<string, { readonly policy?: Partial<Wire<typeof Policy>> }>> | undefined;
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
export const ConfigEnvelope = message('ConfigEnvelope', {
  config: nested(1, () => Config),
  lastUpdate: nested(2, () => Envelope),
});
/** The same with its configuration left as bytes. */
export const RawConfigEnvelope = message('RawConfigEnvelope', { config: bytes(1) });

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
