/** How administration reaches Fabric: the own peers and orderer as the organization's admin, others' as the channel names them. */
import { readFileSync } from 'node:fs';
import type { MspId } from '@d-cloud/chaincode/domain';
import {
  broadcast,
  type ChannelConfig,
  describeGroup,
  fetchBlock,
  fetchConfigBlock,
  lastConfigOf,
  type OrdererAdmin,
  type OrdererConnection,
  type PeerConnection,
  peerChannels,
  readChannelConfig,
} from '@d-cloud/network/admin';
import { Fault, openConnection, type PeerAddress, type Signatory, signatory } from '@d-cloud/network/ledger';
import type { GatewayConfig } from '../config.ts';

type AdminConfig = NonNullable<GatewayConfig['admin']>;

/** A peer of a member as the channel's configuration names it. */
export type MemberPeer = { readonly mspId: string; readonly peer: PeerConnection };

/** What stories of administration ask of Fabric. Every method throws a Fault where Fabric is away or says no. */
export interface ConsortiumAccess {
  readonly admin: Signatory;
  /** The newest config block that the own peer shows. */
  configBlock(channel: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** The newest config block that an orderer shows: a peer whose organization is removed never sees the one that removes it. */
  orderedConfigBlock(channel: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** The config block before one, or undefined before the genesis block. */
  configBlockBefore(channel: string, configBlock: Uint8Array, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Which of these orderers (`host:port`) answer for the channel now. */
  answeringOrderers(channel: string, addresses: readonly string[]): Promise<readonly string[]>;
  /** Sends an envelope to the own orderer, or to another one that is there. */
  order(channel: string, envelope: Uint8Array, signal?: AbortSignal): Promise<void>;
}

const answerWithinMs = 3_000;

/** The access that a gateway's configuration gives; connections are opened when they are first used and kept. */
export class FabricAccess implements ConsortiumAccess, Disposable {
  readonly admin: Signatory;
  readonly ordererAdmin: OrdererAdmin | undefined;
  /** The organization's own peers, as its admin. */
  readonly peers: readonly PeerConnection[];
  readonly #config: AdminConfig;
  readonly #open = new Map<string, PeerConnection>();

  constructor(mspId: MspId, config: AdminConfig) {
    const read = (file: string) => readFileSync(file, 'utf8');
    const { identity, tls, orderer } = config;
    this.#config = config;
    this.admin = signatory({ mspId, certificate: read(identity.certificate), privateKey: read(identity.key) });
    this.peers = config.peers.map(({ address, tlsRoot, serverName }, at) =>
      this.#connect(`peer ${at + 1} of ${mspId}`, address, [read(tlsRoot)], serverName),
    );
    this.ordererAdmin =
      orderer?.adminAddress === undefined
        ? undefined
        : {
            address: orderer.adminAddress,
            tlsRoots: [read(orderer.tlsRoot)],
            tlsServerName: orderer.serverName ?? loopbackName(orderer.adminAddress),
            certificate: read(tls.certificate),
            key: read(tls.key),
          };
  }

  get peer(): PeerConnection {
    return this.peers[0]!;
  }

  channels(): Promise<string[]> {
    return peerChannels(this.peer);
  }

  configBlock(channel: string, signal?: AbortSignal): Promise<Uint8Array> {
    return fetchConfigBlock(this.peer, channel, { from: 'peer', ...(signal && { signal }) });
  }

  orderedConfigBlock(channel: string, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#atAnOrderer(channel, (orderer) => fetchConfigBlock(orderer, channel, signal && { signal }));
  }

  async configBlockBefore(channel: string, configBlock: Uint8Array, signal?: AbortSignal) {
    const { blockNumber } = readChannelConfig(configBlock);
    if (blockNumber === 0) return undefined;
    const options = { from: 'peer', ...(signal && { signal }) } as const;
    const before = await fetchBlock(this.peer, channel, blockNumber - 1, options);
    return fetchBlock(this.peer, channel, lastConfigOf(before), options);
  }

  async answeringOrderers(channel: string, addresses: readonly string[]): Promise<readonly string[]> {
    const { ordererMsps } = readChannelConfig(await this.configBlock(channel));
    const roots = [...ordererMsps.values()].flatMap(({ tlsRootCertificates }) => tlsRootCertificates);
    const asked = await Promise.all(
      addresses.map(async (address) => {
        try {
          const orderer = this.#connect(`the orderer ${address}`, address, roots);
          await fetchBlock(orderer, channel, 'newest', { signal: AbortSignal.timeout(answerWithinMs) });
          return true;
        } catch {
          return false;
        }
      }),
    );
    return addresses.filter((_, at) => asked[at]);
  }

  order(channel: string, envelope: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#atAnOrderer(channel, (orderer) => broadcast(orderer, envelope, signal));
  }

  /** The own orderer first, then those that the channel names, until one answers. */
  async orderers(channel: string): Promise<readonly OrdererConnection[]> {
    const { orderer } = this.#config;
    const own =
      orderer === undefined
        ? []
        : [
            this.#connect(
              `the orderer of ${this.admin.mspId}`,
              orderer.address,
              [readFileSync(orderer.tlsRoot, 'utf8')],
              orderer.serverName,
            ),
          ];
    const block = await this.configBlock(channel).catch((error: unknown) => {
      // An orderer may serve a channel that the own peer has not joined.
      if (own.length === 0) throw error;
    });
    if (block === undefined) return own;
    const config = readChannelConfig(block);
    const named = [...config.ordererMsps].flatMap(([mspId, msp]) =>
      addressesIn(config, ['Orderer', mspId], 'Endpoints').map((address) =>
        this.#connect(`the orderer ${address} of ${mspId}`, address, msp.tlsRootCertificates),
      ),
    );
    return [...new Map([...own, ...named].map((one) => [one.name, one])).values()];
  }

  /** A peer of every member that names anchor peers; the own one as configured. */
  memberPeers(config: ChannelConfig): MemberPeer[] {
    return [...config.applicationMsps].flatMap(([mspId, msp]): MemberPeer[] => {
      if (mspId === this.admin.mspId) return [{ mspId, peer: this.peer }];
      const [address] = addressesIn(config, ['Application', mspId], 'AnchorPeers');
      return address === undefined
        ? []
        : [{ mspId, peer: this.#connect(`the peer of ${mspId}`, address, msp.tlsRootCertificates) }];
    });
  }

  [Symbol.dispose](): void {
    for (const { client } of this.#open.values()) client.close();
  }

  async #atAnOrderer<T>(channel: string, ask: (orderer: OrdererConnection) => Promise<T>): Promise<T> {
    let last: unknown = new Fault('misconfigured', `no orderer of ${channel} is known`);
    for (const orderer of await this.orderers(channel)) {
      try {
        return await ask(orderer);
      } catch (error) {
        if (!(error instanceof Fault) || !error.retryable) throw error;
        last = error;
      }
    }
    throw last;
  }

  #connect(name: string, address: string, tlsRoots: readonly string[], tlsServerName?: string): PeerConnection {
    const key = `${address} ${tlsRoots.join()}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const at: PeerAddress = { address, tlsRoots, ...(tlsServerName === undefined ? {} : { tlsServerName }) };
    const connection = { client: openConnection(at), signatory: this.admin, name };
    this.#open.set(key, connection);
    return connection;
  }
}

/** Certificates of one machine carry `localhost`, and TLS takes no address for a server's name. */
function loopbackName(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':'));
  return host.startsWith('127.') || host === '[::1]' ? 'localhost' : host;
}

/** The addresses in one value of a group of the configuration. */
export function addressesIn(config: ChannelConfig, path: readonly string[], value: string): string[] {
  let group: ReturnType<typeof describeGroup> | undefined = describeGroup(config.group);
  for (const name of path) group = group?.groups[name];
  const addresses = group?.values[value]?.value;
  return Array.isArray(addresses) ? addresses.filter((one) => typeof one === 'string') : [];
}
