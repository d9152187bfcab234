import { Fault } from '../fault.ts';
import { verifyBlock, verifyData } from './block.ts';
import { blockHash, parseBlock } from './block-hash.ts';
import { type ChannelConfig, readChannelConfig } from './channel-config.ts';
import { verifyConfigUpdate } from './config-update.ts';

/**
 * Walks a channel's config blocks from the pinned genesis block on: each later one must be signed by orderers of the
 * configuration before it, count its sequence up by one, and hold an update that enough members of that configuration
 * signed. Answers every configuration, the genesis one first; the one
 * in force at a block is the last whose number is not above it.
 */
export function verifyConfigChain(genesisHash: Uint8Array, blocks: readonly Uint8Array[]): ChannelConfig[] {
  const [genesis, ...later] = blocks;
  if (genesis === undefined) throw new Fault('corrupt', 'there is no genesis block');
  const first = readChannelConfig(genesis);
  const whole = parseBlock(genesis);
  if (first.blockNumber !== 0 || Buffer.compare(blockHash(whole.header), genesisHash) !== 0) {
    throw new Fault('corrupt', 'the first block is not the genesis block that was pinned');
  }
  verifyData(whole);
  const configs = [first];
  for (const bytes of later) {
    const before = configs.at(-1)!;
    verifyBlock(bytes, before);
    const next = readChannelConfig(bytes);
    if (
      next.channel !== first.channel ||
      next.sequence !== before.sequence + 1 ||
      next.blockNumber <= before.blockNumber
    ) {
      throw new Fault('corrupt', `config block ${next.blockNumber} does not follow config block ${before.blockNumber}`);
    }
    verifyConfigUpdate(before, bytes, next);
    configs.push(next);
  }
  return configs;
}

/** The configuration in force when a block was cut: that of the newest config block before it. */
export function configAt(configs: readonly ChannelConfig[], blockNumber: number): ChannelConfig {
  const config = configs.findLast((candidate) => candidate.blockNumber < blockNumber || candidate.blockNumber === 0);
  if (config === undefined) throw new Fault('corrupt', `no configuration is in force at block ${blockNumber}`);
  return config;
}
