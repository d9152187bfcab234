import {
  BatchSize,
  ConfigEnvelope,
  type ConfigGroup,
  FabricMspConfig,
  MspConfig,
  RawConfigEnvelope,
} from '../wire/config.ts';
import { type Block, ChannelHeader, Envelope, HeaderType, Payload } from '../wire/envelope.ts';
import { ChannelPolicies } from './channel-policies.ts';
import { Identities } from './identities.ts';
import { Organization } from './organization.ts';

/** A channel's configuration as one of its config blocks states it: who belongs to it and by which rules. */
export interface ChannelConfig {
  readonly channelId: string;
  readonly organizations: ReadonlyMap<string, Organization>;
  /** MSP ids under `/Channel/Application`, the ones that have peers. */
  readonly members: readonly string[];
  /** The name of each member's group under `/Channel/Application`, by MSP id. */
  readonly groupOf: ReadonlyMap<string, string>;
  readonly identities: Identities;
  readonly policies: ChannelPolicies;
  readonly batch: { readonly maxCount: number; readonly maxBytes: number } | undefined;
  /** A larger transaction is not ordered. */
  readonly maxBytes: number;
  /** `common.Config`, as cscc hands it out. */
  readonly config: Buffer;
}

/** Fabric's sample configuration. */
const DEFAULT_MAX_BYTES = 99 << 20;

/** Reads a config block; throws a sentence when it is none. */
export function readChannelConfig(block: Block): ChannelConfig {
  const first = block.data?.data[0];
  if (first === undefined) throw new Error('The config block holds no transaction.');
  const payload = Payload.decode(Envelope.decode(first).payload);
  const header = ChannelHeader.decode(payload.header?.channelHeader ?? Buffer.alloc(0));
  if (header.type !== HeaderType.CONFIG) throw new Error('The block given as config block is none.');
  const envelope = ConfigEnvelope.decode(payload.data);
  const group = envelope.config?.channelGroup;
  if (group === undefined) throw new Error('The config block holds no configuration.');
  const application = group.groups?.Application;
  const members = organizationsOf(application);
  const organizations = new Map<string, Organization>();
  for (const [, each] of [...organizationsOf(group.groups?.Orderer), ...members]) organizations.set(each.mspId, each);
  const batch = group.groups?.Orderer?.values?.BatchSize;
  const size = batch === undefined ? undefined : BatchSize.decode(batch.value);
  return {
    channelId: header.channelId,
    organizations,
    members: members.map(([, { mspId }]) => mspId),
    groupOf: new Map(members.map(([name, { mspId }]) => [mspId, name])),
    identities: new Identities(organizations.values()),
    policies: new ChannelPolicies(group),
    batch:
      size === undefined || size.maxMessageCount === 0
        ? undefined
        : { maxCount: size.maxMessageCount, maxBytes: size.preferredMaxBytes },
    maxBytes: size === undefined || size.absoluteMaxBytes === 0 ? DEFAULT_MAX_BYTES : size.absoluteMaxBytes,
    config: configBytes(payload.data),
  };
}

function organizationsOf(group: ConfigGroup | undefined): [name: string, Organization][] {
  return Object.entries(group?.groups ?? {}).flatMap(([name, { values }]): [string, Organization][] => {
    const value = values?.MSP;
    if (value === undefined) return [];
    return [[name, new Organization(FabricMspConfig.decode(MspConfig.decode(value.value).config))]];
  });
}

/** The bytes of field 1 of a ConfigEnvelope as they are: maps have no stable order, so nothing is encoded anew. */
function configBytes(envelope: Buffer): Buffer {
  return RawConfigEnvelope.decode(envelope).config;
}
