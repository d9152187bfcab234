import { randomBytes } from 'node:crypto';
import { signedEnvelope } from '../../admin/protocol/proposal.ts';
import { Fault } from '../fault.ts';
import type { Signatory } from '../identity.ts';
import {
  ChannelHeader,
  ConfigEnvelope,
  ConfigUpdateEnvelope,
  Envelope,
  headerTypes,
  Payload,
  SignatureHeader,
} from '../messages/index.ts';
import { readChannelConfig } from '../verify/channel-config.ts';
import { verifyConfigUpdate } from '../verify/config-update.ts';
import { simulateUpdate } from '../verify/simulate-update.ts';
import { offlineBlock } from './offline-channel.ts';

/** Orderers of one channel in memory: they take config updates as Fabric's do, by the policies in force, and cut a block of each. */
export class OfflineOrdering {
  readonly blocks: Uint8Array[];
  readonly #orderer: Signatory;

  constructor(genesisBlock: Uint8Array, orderer: Signatory) {
    this.blocks = [genesisBlock];
    this.#orderer = orderer;
  }

  get newest(): Uint8Array {
    return this.blocks.at(-1)!;
  }

  /** Orders a CONFIG_UPDATE envelope, or refuses it with the Fault that broadcasting it would end in. */
  order(envelope: Uint8Array): void {
    const before = readChannelConfig(this.newest);
    const lastUpdate = Envelope.decode(envelope);
    const { configUpdate } = ConfigUpdateEnvelope.decode(Payload.decode(lastUpdate.payload).data);
    const channelGroup = simulateUpdate(configUpdate, before.group).after;
    const data = ConfigEnvelope.encode({ config: { sequence: before.sequence + 1, channelGroup }, lastUpdate });
    const channelHeader = ChannelHeader.encode({ type: headerTypes.config, channelId: before.channel, version: 1 });
    const signatureHeader = SignatureHeader.encode({ creator: this.#orderer.creator, nonce: randomBytes(24) });
    const config = signedEnvelope(this.#orderer, { header: { channelHeader, signatureHeader }, data });
    const block = offlineBlock(this.newest, [config], this.#orderer);
    try {
      verifyConfigUpdate(before, block, readChannelConfig(block));
    } catch (cause) {
      throw new Fault('misconfigured', `BAD_REQUEST: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    this.blocks.push(block);
  }
}
