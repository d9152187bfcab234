import { headerHash } from '../engine/block.ts';
import { type ChannelConfig, readChannelConfig } from '../msp/channel-config.ts';
import { sha256 } from '../msp/signature.ts';
import { Block, ChannelHeader, Envelope, HeaderType, Payload } from '../wire/envelope.ts';

/** A config block with which an orderer or a peer may join a channel. */
export interface JoinBlock {
  readonly channelId: string;
  readonly number: number;
  /** Of its header: what every later block builds upon. */
  readonly hash: Buffer;
  readonly config: ChannelConfig;
  /** As it was given. */
  readonly bytes: Buffer;
}

/** Reads a block for channel participation; throws Fabric's sentence on anything that nobody should join with. */
export function readJoinBlock(bytes: Buffer): JoinBlock {
  const block = Block.decode(bytes);
  const { header, data, metadata } = block;
  if (!isConfigBlock(block)) throw new Error('block is not a config block');
  if (header === undefined) throw new Error('invalid block: does not have a header');
  if (metadata === undefined || metadata.metadata.length === 0) {
    throw new Error('invalid block: does not have metadata');
  }
  if (!header.dataHash.equals(sha256(...data!.data))) {
    throw new Error('invalid block: Header.DataHash is different from Hash(block.Data)');
  }
  const config = readChannelConfig(block);
  if (!/^[a-z][a-z0-9.-]{0,248}$/.test(config.channelId)) {
    throw new Error(`bad channel ID: '${config.channelId}' contains illegal characters`);
  }
  if (config.members.length === 0) {
    throw new Error('invalid config: must have at least one of application or consortiums');
  }
  return { channelId: config.channelId, number: header.number, hash: headerHash(header), config, bytes };
}

function isConfigBlock({ data }: Block): boolean {
  const [first, ...others] = data?.data ?? [];
  if (first === undefined || others.length > 0) return false;
  try {
    const { header } = Payload.decode(Envelope.decode(first).payload);
    if (header === undefined) return false;
    return ChannelHeader.decode(header.channelHeader).type === HeaderType.CONFIG;
  } catch {
    return false;
  }
}
