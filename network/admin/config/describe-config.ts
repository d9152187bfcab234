import {
  Acls,
  AnchorPeers,
  BatchSize,
  BatchTimeout,
  BftConsenters,
  BftOptions,
  BlockDataHashingStructure,
  Capabilities,
  ChannelRestrictions,
  type ConfigGroup,
  ConsensusType,
  HashingAlgorithm,
  OrdererAddresses,
  RaftMetadata,
} from '../../ledger/messages/index.ts';
import { readChannelConfig, readMsp } from '../../ledger/verify/channel-config.ts';
import { policyText } from './policies.ts';

/** A group of the configuration tree as JSON: policies in one line each, values decoded by name. */
export interface DescribedGroup {
  readonly version: number;
  readonly modPolicy: string;
  readonly policies: Readonly<Record<string, { version: number; modPolicy: string; rule: string }>>;
  readonly values: Readonly<Record<string, { version: number; modPolicy: string; value: unknown }>>;
  readonly groups: Readonly<Record<string, DescribedGroup>>;
}

/** A config block as JSON that a person reads and compares. */
export interface DescribedConfig {
  readonly channel: string;
  readonly blockNumber: number;
  /** Hex. */
  readonly blockHash: string;
  readonly sequence: number;
  readonly configuration: DescribedGroup;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

const values: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  HashingAlgorithm: (bytes) => HashingAlgorithm.decode(bytes).name,
  BlockDataHashingStructure: (bytes) => BlockDataHashingStructure.decode(bytes),
  Capabilities: (bytes) => [...Capabilities.decode(bytes).capabilities.keys()].sort(),
  BatchSize: (bytes) => BatchSize.decode(bytes),
  BatchTimeout: (bytes) => BatchTimeout.decode(bytes).timeout,
  ChannelRestrictions: (bytes) => ChannelRestrictions.decode(bytes),
  OrdererAddresses: (bytes) => OrdererAddresses.decode(bytes).addresses,
  Endpoints: (bytes) => OrdererAddresses.decode(bytes).addresses,
  AnchorPeers: (bytes) => AnchorPeers.decode(bytes).anchorPeers.map(({ host, port }) => `${host}:${port}`),
  ACLs: (bytes) => Object.fromEntries([...Acls.decode(bytes).acls].map(([name, { policyRef }]) => [name, policyRef])),
  Orderers: (bytes) =>
    BftConsenters.decode(bytes).consenterMapping.map((consenter) => ({
      ...consenter,
      identity: text(consenter.identity),
      clientTlsCert: text(consenter.clientTlsCert),
      serverTlsCert: text(consenter.serverTlsCert),
    })),
  ConsensusType: describeConsensus,
  MSP: readMsp,
};

function describeConsensus(bytes: Uint8Array): unknown {
  const { type, metadata, state } = ConsensusType.decode(bytes);
  const stateName = state === 0 ? 'normal' : 'maintenance';
  if (type === 'BFT') return { type, state: stateName, options: BftOptions.decode(metadata) };
  if (type !== 'etcdraft') return { type, state: stateName, metadata: Buffer.from(metadata).toString('base64') };
  const { consenters, options } = RaftMetadata.decode(metadata);
  return {
    type,
    state: stateName,
    options,
    consenters: consenters.map((consenter) => ({
      host: consenter.host,
      port: consenter.port,
      clientTlsCert: text(consenter.clientTlsCert),
      serverTlsCert: text(consenter.serverTlsCert),
    })),
  };
}

/** A config value in words; names we do not know stay base64. */
export function describeValue(name: string, bytes: Uint8Array): unknown {
  const decode = values[name];
  return decode === undefined ? Buffer.from(bytes).toString('base64') : decode(bytes);
}

function sorted<V, R>(map: ReadonlyMap<string, V>, describe: (value: V, name: string) => R): Record<string, R> {
  const entries = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, value]) => [name, describe(value, name)]));
}

export function describeGroup(group: ConfigGroup): DescribedGroup {
  return {
    version: group.version,
    modPolicy: group.modPolicy,
    policies: sorted(group.policies, ({ version, modPolicy, policy }) => ({
      version,
      modPolicy,
      rule: policyText(policy),
    })),
    values: sorted(group.values, ({ version, modPolicy, value }, name) => ({
      version,
      modPolicy,
      value: describeValue(name, value),
    })),
    groups: sorted(group.groups, describeGroup),
  };
}

/** Reads a config block (bytes of `common.Block`) into JSON; refuses a block that is not one. */
export function describeConfig(block: Uint8Array): DescribedConfig {
  const config = readChannelConfig(block);
  return {
    channel: config.channel,
    blockNumber: config.blockNumber,
    blockHash: Buffer.from(config.blockHash).toString('hex'),
    sequence: config.sequence,
    configuration: describeGroup(config.group),
  };
}
