/** What a Kubo node of ours is told beyond its own identity. */
export interface KuboSettings {
  /** Port of the RPC on loopback; 0 lets the system choose. */
  readonly port: number;
  readonly token: string;
  readonly capacityBytes: number;
  /** Given, the node is one of the public IPFS network and serves its blocks to whoever asks; otherwise it is private. */
  readonly publicSwarm?: PublicSwarm | undefined;
}

/** How a node takes part in the public IPFS network: whom it dials first, and where it listens, both as multiaddresses. */
export interface PublicSwarm {
  /** `/…/p2p/<peer id>` each, or `auto` for those that the IPFS project runs. None means that nobody is dialled. */
  readonly bootstrap: readonly string[];
  readonly listen: readonly string[];
  /** Where it is reached from outside besides, as multiaddresses without a peer id. */
  readonly announce?: readonly string[];
}

/** What the token opens: the calls that D-Cloud makes, not the node's keys and configuration. */
const rpcPaths = ['id', 'version', 'block/', 'pin/', 'repo/', 'refs/local', 'swarm/peers'].map(
  (path) => `/api/v0/${path}`,
);

/**
 * The configuration of a private Kubo node, from the one that `ipfs init` wrote: nobody to dial, nothing served or announced, the RPC on loopback behind a token, no gateway,
 * hashes checked on every read, every block synced to disk. Automatic garbage collection is off because the daemon is started without `--enable-gc`.
 * (Kubo 0.41, docs/config.md.)
 */
export function privateConfig(
  initial: Readonly<Record<string, unknown>>,
  settings: KuboSettings,
): Record<string, unknown> {
  return {
    Identity: initial.Identity,
    Datastore: {
      StorageMax: `${settings.capacityBytes}B`,
      StorageGCWatermark: 90,
      GCPeriod: '1h',
      Spec: synced(initial.Datastore),
      HashOnRead: true,
      BloomFilterSize: 0,
    },
    Addresses: {
      API: `/ip4/127.0.0.1/tcp/${settings.port}`,
      Gateway: [],
      Swarm: ['/ip4/127.0.0.1/tcp/0'],
      Announce: [],
      AppendAnnounce: [],
      NoAnnounce: [],
    },
    API: {
      HTTPHeaders: {},
      Authorizations: { 'd-cloud': { AuthSecret: `bearer:${settings.token}`, AllowedPaths: rpcPaths } },
    },
    AutoConf: { Enabled: false },
    AutoTLS: { Enabled: false },
    Bitswap: { ServerEnabled: false },
    Bootstrap: [],
    DNS: { Resolvers: {} },
    Discovery: { MDNS: { Enabled: false } },
    HTTPRetrieval: { Enabled: false },
    Ipns: { DelegatedPublishers: [], ResolveCacheSize: 128 },
    Plugins: { Plugins: { telemetry: { Disabled: true } } },
    Provide: { Enabled: false },
    Routing: { Type: 'none', DelegatedRouters: [] },
    Swarm: {
      DisableNatPortMap: true,
      EnableHolePunching: false,
      RelayClient: { Enabled: false },
      RelayService: { Enabled: false },
      Transports: {
        Network: { QUIC: false, Relay: false, WebTransport: false, Websocket: false, WebRTCDirect: false },
      },
    },
    Version: { SwarmCheckEnabled: false },
  };
}

/**
 * The configuration of a node on the public IPFS network: like a private one towards us, but it dials its bootstrap peers, announces what it holds, and
 * serves blocks by Bitswap to whoever asks for a CID. What protects them is that they are sealed. It relays for nobody and opens no port in a router.
 */
export function publicConfig(
  initial: Readonly<Record<string, unknown>>,
  settings: KuboSettings,
  { bootstrap, listen, announce = [] }: PublicSwarm,
): Record<string, unknown> {
  const { Addresses, Swarm, ...alike } = privateConfig(initial, settings);
  const auto = bootstrap.includes('auto');
  return {
    ...alike,
    Addresses: { ...(Addresses as object), Swarm: listen, AppendAnnounce: announce },
    AutoConf: { Enabled: auto },
    Bitswap: { ServerEnabled: true },
    Bootstrap: bootstrap,
    DNS: { Resolvers: auto ? { '.': 'auto' } : {} },
    Provide: { Enabled: true },
    Routing: { Type: 'dht', DelegatedRouters: [] },
    Swarm: { ...(Swarm as object), Transports: {} },
  };
}

/** The datastore as it was founded, with every write synced: the layout itself cannot change afterwards. */
function synced(datastore: unknown): unknown {
  const { Spec: spec } = (datastore ?? {}) as {
    readonly Spec?: { readonly mounts?: readonly Record<string, unknown>[] };
  };
  return {
    ...spec,
    mounts: (spec?.mounts ?? []).map((mount) => (mount.type === 'flatfs' ? { ...mount, sync: true } : mount)),
  };
}
