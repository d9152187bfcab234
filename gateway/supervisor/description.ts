import { z } from 'zod';
import { upcastDescription } from './description-v1.ts';

const port = z.int().min(1).max(65535);

/** How a channel orders transactions and who decides there: what its genesis block is made from. */
export const channelSettings = z.strictObject({
  consensus: z.enum(['raft', 'bft']),
  batch: z.strictObject({
    timeout: z.string(),
    maxMessageCount: z.int(),
    absoluteMaxBytes: z.int(),
    preferredMaxBytes: z.int(),
  }),
  policies: z.strictObject({ Admins: z.string(), Endorsement: z.string(), LifecycleEndorsement: z.string() }),
});

const organization = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  mspId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/),
  /** DNS name or IP address by which the other organizations reach it, and the own address its programs listen at for them. */
  host: z.string(),
  listen: z.string(),
  /** Of its gateway. */
  ports: z.strictObject({ rest: port, peerListener: port }),
  /** `chaincode` is the port of this peer's own chaincode service; none where one serves all peers. */
  peers: z.array(z.strictObject({ port, chaincode: port.optional() })).min(1),
  orderers: z.array(z.strictObject({ port, adminPort: port })),
  /** `swarmPort` is where other IPFS nodes reach it; a public store's alone. */
  storageNodes: z.array(
    z.strictObject({
      id: z.string(),
      port,
      disk: z.string(),
      capacityBytes: z.string(),
      pricePerGibMonth: z.string().optional(),
      swarmPort: port.optional(),
    }),
  ),
  computeNodes: z.array(z.strictObject({ id: z.string(), classes: z.array(z.enum(['R-1', 'J-1'])) })),
});

/** The full plan of what runs from one directory, as `network.json` keeps it: which programs, under which ids, on which ports. */
export const networkDescription = z.strictObject({
  v: z.literal(2),
  /** Who answers behind the protocols: our own double, or Fabric's and Kubo's programs, found in `binaries` or else on the search path. */
  ledger: z.strictObject({ kind: z.enum(['embedded', 'fabric']), binaries: z.string().optional() }),
  store: z.strictObject({
    kind: z.enum(['embedded', 'kubo']),
    binaries: z.string().optional(),
    /** Given, Kubo nodes take part in the public IPFS network, and dial these peers first. */
    publicSwarm: z.strictObject({ bootstrap: z.array(z.string()) }).optional(),
  }),
  channel: z.string(),
  /** The organization here joined the channel after it was founded. */
  joins: z.boolean().optional(),
  settings: channelSettings,
  /** Of the one chaincode service of an embedded ledger. */
  chaincodePort: port.optional(),
  /** Those whose programs run here. */
  organizations: z.array(organization).min(1),
  /** Members whose programs and keys are on other machines. */
  others: z.array(organization.pick({ name: true, mspId: true })),
});

/** Reads `network.json`, of this version or of an older one; nothing where this version cannot. */
export function parseDescription(text: string): NetworkDescription | undefined {
  try {
    return networkDescription.parse(upcastDescription(JSON.parse(text)));
  } catch {
    return undefined;
  }
}

export type NetworkDescription = z.infer<typeof networkDescription>;
export type OrganizationDescription = NetworkDescription['organizations'][number];
export type ChannelSettings = z.infer<typeof channelSettings>;

/** Every member of the consortium, in the order that all machines see. */
export function membersOf({ organizations, others }: NetworkDescription): { name: string; mspId: string }[] {
  return [...organizations, ...others]
    .map(({ name, mspId }) => ({ name, mspId }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every port that programs of this directory listen on, with the own address they do it at. */
export function portsOf({ organizations, chaincodePort }: NetworkDescription): { port: number; address: string }[] {
  const loopback = '127.0.0.1';
  const own = organizations.flatMap(({ listen, ports, peers, orderers, storageNodes }) => [
    { port: ports.rest, address: loopback },
    { port: ports.peerListener, address: listen },
    ...peers.flatMap((peer) => [
      { port: peer.port, address: listen },
      ...(peer.chaincode === undefined ? [] : [{ port: peer.chaincode, address: loopback }]),
    ]),
    ...orderers.flatMap((orderer) => [
      { port: orderer.port, address: listen },
      { port: orderer.adminPort, address: loopback },
    ]),
    ...storageNodes.flatMap((node) => [
      { port: node.port, address: loopback },
      ...(node.swarmPort === undefined ? [] : [{ port: node.swarmPort, address: listen }]),
    ]),
  ]);
  return chaincodePort === undefined ? own : [{ port: chaincodePort, address: loopback }, ...own];
}

/** What people choose from: a ledger of our own or a real one; storage nodes are of the same kind, but those on the public IPFS network are always Kubo's. */
export type NetworkKind = {
  readonly kind?: 'embedded' | 'real';
  /** Where the programs of others are, if not on PATH. */
  readonly binaries?: string;
  readonly ipfs?: 'private' | 'public';
};

export function kindOf({ ledger }: NetworkDescription): 'embedded' | 'real' {
  return ledger.kind === 'fabric' ? 'real' : 'embedded';
}

/** Where programs of this machine dial those that listen so. */
export function dialled({ listen }: Pick<OrganizationDescription, 'listen'>): string {
  return listen === '0.0.0.0' ? '127.0.0.1' : listen;
}

/** The name of the `at`-th program of its kind: numbered only where an organization has several. */
export function programName(kind: string, organization: string, at: number, of: number): string {
  return of === 1 ? `${kind}-${organization}` : `${kind}-${organization}-${at + 1}`;
}
