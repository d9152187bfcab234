import { Fault } from '../fault.ts';
import {
  BftConsenters,
  ChannelHeader,
  type Config,
  ConfigEnvelope,
  type ConfigGroup,
  ConsensusType,
  type Decoded,
  Envelope,
  FabricMspConfig,
  headerTypes,
  MalformedMessage,
  MspConfig,
  NamedMsp,
  Payload,
} from '../messages/index.ts';
import { blockHash, parseBlock, type WholeBlock } from './block-hash.ts';

/** What a channel's configuration says of one organization's MSP; certificates and lists as PEM. */
export interface MspInConfig {
  readonly mspId: string;
  readonly rootCertificates: readonly string[];
  readonly intermediateCertificates: readonly string[];
  readonly tlsRootCertificates: readonly string[];
  readonly tlsIntermediateCertificates: readonly string[];
  readonly revocationLists: readonly string[];
  /** The units that mark peers, orderers, admins and clients; absent when the MSP has no node OUs. */
  readonly nodeOUs: Readonly<Record<'peer' | 'orderer' | 'admin' | 'client', string>> | undefined;
}

/** One signer of blocks in a BFT channel, as the configuration maps it. */
export interface BftSigner {
  readonly id: number;
  readonly mspId: string;
  /** Signing certificate, PEM. */
  readonly certificate: string;
}

/** A channel's configuration as a verifier needs it: who belongs to it, and who may sign its blocks. */
export interface ChannelConfig {
  readonly channel: string;
  readonly blockNumber: number;
  /** Hash of the config block's header; the genesis block's is what verifiers pin. */
  readonly blockHash: Uint8Array;
  readonly sequence: number;
  readonly group: ConfigGroup;
  readonly applicationMsps: ReadonlyMap<string, MspInConfig>;
  readonly ordererMsps: ReadonlyMap<string, MspInConfig>;
  readonly consensus: string;
  readonly bftSigners: readonly BftSigner[];
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

/** The `Config` inside a block of type CONFIG. */
export function configOf(block: WholeBlock): { channel: string; config: Decoded<typeof Config> } {
  const envelope = block.envelopes[0];
  if (envelope === undefined) throw new Fault('corrupt', `block ${block.header.number} is empty`);
  const payload = Payload.decode(Envelope.decode(envelope).payload);
  const header = ChannelHeader.decode(payload.header?.channelHeader ?? new Uint8Array(0));
  if (header.type !== headerTypes.config) {
    throw new Fault(
      'corrupt',
      `block ${block.header.number} is not a config block (its first envelope has type ${header.type})`,
    );
  }
  const { config } = ConfigEnvelope.decode(payload.data);
  if (config?.channelGroup === undefined)
    throw new Fault('corrupt', `config block ${block.header.number} has no content`);
  return { channel: header.channelId, config };
}

/** What people give as a config block may be any file. */
function configBlockOf(bytes: Uint8Array) {
  try {
    const block = parseBlock(bytes);
    return { block, ...configOf(block) };
  } catch (cause) {
    if (!(cause instanceof MalformedMessage)) throw cause;
    throw new Fault('corrupt', `these bytes are no config block: ${cause.message}`, { cause });
  }
}

/** Reads a config block (bytes of `common.Block`): pure, for anybody who pins the genesis block's hash. */
export function readChannelConfig(bytes: Uint8Array): ChannelConfig {
  const { block, channel, config } = configBlockOf(bytes);
  const group = config.channelGroup!;
  const orderer = group.groups.get('Orderer');
  const consensusValue = orderer?.values.get('ConsensusType')?.value;
  const consensus = consensusValue === undefined ? '' : ConsensusType.decode(consensusValue).type;
  const mapping = consensus === 'BFT' ? orderer?.values.get('Orderers')?.value : undefined;
  return {
    channel,
    blockNumber: block.header.number,
    blockHash: blockHash(block.header),
    sequence: config.sequence,
    group,
    applicationMsps: mspsUnder(group.groups.get('Application')),
    ordererMsps: mspsUnder(orderer),
    consensus,
    bftSigners: (mapping === undefined ? [] : BftConsenters.decode(mapping).consenterMapping).map((consenter) => ({
      id: consenter.id,
      mspId: consenter.mspId,
      certificate: text(consenter.identity),
    })),
  };
}

function mspsUnder(group: ConfigGroup | undefined): Map<string, MspInConfig> {
  const msps = new Map<string, MspInConfig>();
  for (const member of group?.groups.values() ?? []) {
    const value = member.values.get('MSP')?.value;
    if (value === undefined) continue;
    const msp = readMsp(value);
    msps.set(msp.mspId, msp);
  }
  return msps;
}

const nothingVerifies = {
  rootCertificates: [],
  intermediateCertificates: [],
  tlsRootCertificates: [],
  tlsIntermediateCertificates: [],
  revocationLists: [],
  nodeOUs: undefined,
};

/**
 * The MSP inside a config value named `MSP`. One of another kind than X.509, which its own organization may put there, is read by name
 * only: without roots nothing verifies under it, and nobody else's configuration becomes unreadable.
 */
export function readMsp(value: Uint8Array): MspInConfig {
  const { type, config } = MspConfig.decode(value);
  if (type !== 0) return { ...nothingVerifies, mspId: NamedMsp.decode(config).name };
  const msp = FabricMspConfig.decode(config);
  const { nodeOUs } = msp;
  return {
    mspId: msp.name,
    rootCertificates: msp.rootCerts.map(text),
    intermediateCertificates: msp.intermediateCerts.map(text),
    tlsRootCertificates: msp.tlsRootCerts.map(text),
    tlsIntermediateCertificates: msp.tlsIntermediateCerts.map(text),
    revocationLists: msp.revocationList.map(text),
    nodeOUs: nodeOUs?.enable
      ? {
          peer: nodeOUs.peer?.name ?? '',
          orderer: nodeOUs.orderer?.name ?? '',
          admin: nodeOUs.admin?.name ?? '',
          client: nodeOUs.client?.name ?? '',
        }
      : undefined,
  };
}
