/** Channels from one organization's side: what its peers and orderer take part in, and how they come in and go. */
import type { ChangeId } from '@d-cloud/chaincode/domain';
import {
  type ChannelDescription,
  type ChannelInfo,
  channelInfo,
  consentersOf,
  type DescribedConfig,
  describeConfig,
  fetchBlock,
  genesisBlock,
  joinOrderer,
  joinPeer,
  leaveOrderer,
  listChannels,
  type OrdererAdmin,
  type PolicyImpact,
  policyImpact,
  readChannelConfig,
} from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { Changes } from './changes.ts';
import { addressesIn, type FabricAccess } from './consortium-access.ts';
import { until } from './until.ts';

/** A channel as the own peer and orderer take part in it. */
export type ChannelState = {
  readonly channel: string;
  /** Whether the own peers keep it. */
  readonly peer: boolean;
  /** How the own orderer takes part; absent where it does not, or there is none. */
  readonly orderer?: ChannelInfo;
  readonly sequence?: number;
  readonly members?: readonly string[];
  readonly consensus?: string;
};

/** A channel to be opened for members of one that exists: their roots, addresses and orderers are taken from there. */
export type NewChannel = {
  readonly channel: string;
  readonly from: string;
  readonly members: readonly string[];
  readonly batch?: ChannelDescription['batch'];
};

export class Channels {
  readonly #access: FabricAccess;
  readonly #changes: Changes;

  constructor(access: FabricAccess, changes: Changes) {
    this.#access = access;
    this.#changes = changes;
  }

  async list(): Promise<ChannelState[]> {
    const { ordererAdmin } = this.#access;
    const [kept, ordered] = await Promise.all([
      this.#access.channels(),
      ordererAdmin === undefined ? [] : listChannels(ordererAdmin),
    ]);
    return Promise.all([...new Set([...kept, ...ordered])].sort().map((channel) => this.#state(channel, kept)));
  }

  async #state(channel: string, kept: readonly string[]): Promise<ChannelState> {
    const { ordererAdmin } = this.#access;
    const orderer = ordererAdmin === undefined ? undefined : await channelInfo(ordererAdmin, channel);
    const peer = kept.includes(channel);
    const state = { channel, peer, ...(orderer === undefined ? {} : { orderer }) };
    if (!peer) return state;
    const { sequence, applicationMsps, consensus } = readChannelConfig(await this.#access.configBlock(channel));
    return { ...state, sequence, members: [...applicationMsps.keys()].sort(), consensus };
  }

  async describe(channel: string): Promise<DescribedConfig> {
    return describeConfig(await this.configBlock(channel));
  }

  /** Bytes of `common.Block`: what an orderer joins with, and what signatures are checked against offline. */
  configBlock(channel: string): Promise<Uint8Array> {
    return this.#access.configBlock(channel);
  }

  /** Who can approve and who can block, for every policy, now and, where a change is named, after it. */
  async powers(channel: string, change?: ChangeId): Promise<PolicyImpact[]> {
    const configBlock = await this.#access.configBlock(channel);
    const { group } = readChannelConfig(configBlock);
    return policyImpact(group, change === undefined ? group : await this.#changes.configAfter(change, configBlock));
  }

  /** Makes the genesis block of a new channel and lets the own orderer and peers join; the other members join with the same block. */
  async open(wanted: NewChannel, now: Date, signal?: AbortSignal): Promise<Uint8Array> {
    const block = genesisBlock(await this.#description(wanted), now);
    await this.join(block, signal);
    return block;
  }

  /**
   * Lets the own orderer and peers join a channel by its genesis block, or by its newest config block where it runs already.
   * Joined is fine, so it may be done again.
   */
  async join(
    block: Uint8Array,
    signal?: AbortSignal,
  ): Promise<{ readonly channel: string; readonly orderer?: ChannelInfo }> {
    const { channel, blockNumber } = readChannelConfig(block);
    const { ordererAdmin, peers } = this.#access;
    const joined = ordererAdmin === undefined ? undefined : await joinOrderer(ordererAdmin, channel, block);
    const first = blockNumber === 0 ? block : await this.#genesisOf(channel, signal);
    await Promise.all(peers.map((peer) => joinPeer(peer, first)));
    return { channel, ...(joined === undefined ? {} : { orderer: joined }) };
  }

  /**
   * Lets the own orderer join a channel that the own peers keep: by the newest config block, as a follower until it is a consenter. The
   * block comes from the other orderers: in an older one, which a peer that is behind shows, it may count as a consenter still.
   */
  async joinOwnOrderer(channel: string): Promise<ChannelInfo> {
    return joinOrderer(this.#ordererAdmin(), channel, await this.#access.orderedConfigBlock(channel));
  }

  /** Takes the own orderer out on its side. Refused while it is a consenter: without it the others may lose their majority. */
  async leaveWithOwnOrderer(channel: string): Promise<void> {
    const admin = this.#ordererAdmin();
    const info = await channelInfo(admin, channel);
    if (info === undefined) throw new Fault('misconfigured', `the own orderer takes no part in ${channel}`);
    if (info.consensusRelation === 'consenter') {
      throw new Fault(
        'misconfigured',
        `the own orderer is a consenter of ${channel}: propose remove-consenter first, and leave when that is in force`,
      );
    }
    await leaveOrderer(admin, channel);
  }

  #ordererAdmin(): OrdererAdmin {
    const { ordererAdmin } = this.#access;
    if (ordererAdmin !== undefined) return ordererAdmin;
    throw new Fault('misconfigured', 'this gateway is not told of an orderer of its own (admin.orderer.adminAddress)');
  }

  async #genesisOf(channel: string, signal?: AbortSignal): Promise<Uint8Array> {
    const wait = { withinMs: 60_000, ...(signal && { signal }) };
    return until(`block 0 of ${channel}`, wait, async () => {
      const [orderer] = await this.#access.orderers(channel);
      if (orderer === undefined) throw new Fault('misconfigured', 'no orderer is known that serves block 0');
      return fetchBlock(orderer, channel, 0, signal && { signal });
    });
  }

  async #description({ channel, from, members, batch }: NewChannel): Promise<ChannelDescription> {
    const config = readChannelConfig(await this.#access.configBlock(from));
    const { group, applicationMsps, consensus } = config;
    if (consensus !== 'etcdraft') {
      throw new Fault(
        'misconfigured',
        `${from} orders by ${consensus}; a channel is opened here for Raft orderers only`,
      );
    }
    const organizations = members.map((mspId) => {
      const msp = applicationMsps.get(mspId);
      if (msp === undefined) throw new Fault('misconfigured', `${mspId} is no member of ${from}`);
      const [rootCertificate, tlsRootCertificate] = [msp.rootCertificates[0], msp.tlsRootCertificates[0]];
      if (rootCertificate === undefined || tlsRootCertificate === undefined) {
        throw new Fault('misconfigured', `${mspId} has no roots in ${from}`);
      }
      const { revocationLists } = msp;
      return {
        mspId,
        roots: { rootCertificate, tlsRootCertificate, revocationLists: [...revocationLists] },
        anchorPeers: addressesIn(config, ['Application', mspId], 'AnchorPeers'),
        ordererEndpoints: addressesIn(config, ['Orderer', mspId], 'Endpoints'),
      };
    });
    const consenters = (consentersOf(group) ?? []).flatMap(({ address, tlsCertificate }) => {
      const mspId = organizations.find(({ ordererEndpoints }) => ordererEndpoints.includes(address))?.mspId;
      return mspId === undefined ? [] : [{ mspId, address, tlsCertificate }];
    });
    return { channel, organizations, consenters, ...(batch === undefined ? {} : { batch }) };
  }
}
