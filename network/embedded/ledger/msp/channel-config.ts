import {
  Acls,
  BatchSize,
  Config,
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
  /** MSP ids by the names of their groups. */
  readonly mspIds: Readonly<Record<'Orderer' | 'Application', ReadonlyMap<string, string>>>;
  readonly identities: Identities;
  readonly policies: ChannelPolicies;
  readonly batch: { readonly maxCount: number; readonly maxBytes: number } | undefined;
  /** A larger transaction is not ordered. */
  readonly maxBytes: number;
  /** `common.Config`, as cscc hands it out. */
  readonly config: Buffer;
  /** Counts the channel's configurations; 0 is the genesis block's as network/admin makes it. */
  readonly sequence: number;
  readonly group: ConfigGroup;
  /** Path of the policy that guards a resource such as `event/Block`, where the channel's ACLs name one. */
  aclOf(resource: string): string | undefined;
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
  return channelConfigOf(header.channelId, configBytes(payload.data));
}

/** Reads `common.Config`; throws a sentence when it cannot be one of this channel. */
export function channelConfigOf(channelId: string, config: Buffer): ChannelConfig {
  const { channelGroup: group, sequence } = Config.decode(config);
  if (group === undefined) throw new Error('The config block holds no configuration.');
  const application = group.groups?.Application;
  const members = organizationsOf(application);
  const orderers = organizationsOf(group.groups?.Orderer);
  const organizations = new Map<string, Organization>();
  for (const [, each] of [...orderers, ...members]) {
    const known = organizations.get(each.mspId);
    if (known !== undefined && !known.sameAs(each)) {
      throw new Error(`Attempted to define two different versions of MSP: ${each.mspId}`);
    }
    organizations.set(each.mspId, each);
  }
  const batch = group.groups?.Orderer?.values?.BatchSize;
  const size = batch === undefined ? undefined : BatchSize.decode(batch.value);
  const acls = Acls.decode(application?.values?.ACLs?.value ?? Buffer.alloc(0)).acls ?? {};
  return {
    channelId,
    organizations,
    members: members.map(([, { mspId }]) => mspId),
    groupOf: new Map(members.map(([name, { mspId }]) => [mspId, name])),
    mspIds: { Orderer: mspIdsOf(orderers), Application: mspIdsOf(members) },
    identities: new Identities(organizations.values()),
    policies: new ChannelPolicies(group),
    batch:
      size === undefined || size.maxMessageCount === 0
        ? undefined
        : { maxCount: size.maxMessageCount, maxBytes: size.preferredMaxBytes },
    maxBytes: size === undefined || size.absoluteMaxBytes === 0 ? DEFAULT_MAX_BYTES : size.absoluteMaxBytes,
    config,
    sequence,
    group,
    aclOf: (resource) => {
      const ref = acls[resource]?.policyRef;
      return ref === undefined || ref.startsWith('/') ? ref : `/Channel/Application/${ref}`;
    },
  };
}

function organizationsOf(group: ConfigGroup | undefined): [name: string, Organization][] {
  return Object.entries(group?.groups ?? {}).flatMap(([name, { values }]): [string, Organization][] => {
    const value = values?.MSP;
    if (value === undefined) return [];
    return [[name, new Organization(FabricMspConfig.decode(MspConfig.decode(value.value).config))]];
  });
}

const mspIdsOf = (groups: readonly [string, Organization][]): ReadonlyMap<string, string> =>
  new Map(groups.map(([name, { mspId }]) => [name, mspId]));

/** The bytes of field 1 of a ConfigEnvelope as they are: maps have no stable order, so nothing is encoded anew. */
function configBytes(envelope: Buffer): Buffer {
  return RawConfigEnvelope.decode(envelope).config;
}
