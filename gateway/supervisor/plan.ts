import type { NetworkDescription, OrganizationDescription } from './description.ts';
import { kindOf } from './description.ts';
import { bytesOf, mspIdOf, type WantedNetwork, type WantedOrganization } from './wanted.ts';

/** What a plan needs of the world: ports that are free, and ids for new nodes. */
export type Draw = {
  readonly ports: Iterable<number>;
  readonly mintId: (kind: 'stor' | 'comp') => string;
};

export type PlanRequest = {
  readonly wanted: WantedNetwork;
  /** What the directory holds already: its ids and ports stay. */
  readonly known?: NetworkDescription | undefined;
  /** The organization whose machine this is; left out, all of them run here. */
  readonly only?: string | undefined;
  readonly draw: Draw;
};

/** What is wanted cannot be had by starting programs. One sentence for each thing, with what to do instead. */
export class PlanRefused extends Error {
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(reasons.join(' '));
    this.reasons = reasons;
  }
}

/** The most ports that a plan draws: for each organization its gateway's two, and those of its peers, orderers and storage nodes. */
export function portsNeeded({ network, ipfs, organizations }: WantedNetwork): number {
  const peerPorts = network === 'real' ? 2 : 1;
  const storePorts = ipfs.mode === 'public' ? 2 : 1;
  const each = organizations.map(
    (one) => 2 + one.peers * peerPorts + one.orderers * 2 + storageWanted(one).length * storePorts,
  );
  return each.reduce((sum, count) => sum + count, 1);
}

/**
 * From what is wanted to the full plan: every program with its id and port. Pure. What is known stays as it is; safe
 * additions (another storage or compute node, a second peer) get ids and ports of their own.
 * @throws PlanRefused for what would destroy something, naming the ceremony that does it
 */
export function planNetwork({ wanted, known, only, draw }: PlanRequest): NetworkDescription {
  const here = wanted.organizations.filter(({ name }) => only === undefined || name === only);
  refuseWhat([...misplaced(wanted, only), ...(known === undefined ? [] : destroyed(wanted, known, only))]);
  const pool = draw.ports[Symbol.iterator]();
  const taken = new Set<number>();
  const fromPool = () => {
    for (;;) {
      const { value, done } = pool.next();
      if (done) throw new RangeError(`a network of this shape needs ${portsNeeded(wanted)} ports`);
      if (!taken.has(value)) return value;
    }
  };
  const real = wanted.network === 'real';
  const binaries: { readonly binaries?: string } = wanted.binaries === undefined ? {} : { binaries: wanted.binaries };
  const { name: channel, ...settings } = wanted.channel;
  const isPublic = wanted.ipfs.mode === 'public';
  // Blocks stay where they were put: what was founded as Kubo nodes stays so when it goes private again.
  const kubo = real || isPublic || known?.store.kind === 'kubo';
  const ipfsPlace = binaries.binaries ?? (real ? undefined : known?.store.binaries);
  const publicSwarm = isPublic ? { publicSwarm: { bootstrap: wanted.ipfs.bootstrap } } : {};
  return {
    v: 2,
    ledger: real ? { kind: 'fabric', ...binaries } : { kind: 'embedded' },
    store: kubo
      ? { kind: 'kubo', ...(ipfsPlace !== undefined && { binaries: ipfsPlace }), ...publicSwarm }
      : { kind: 'embedded' },
    channel,
    ...(wanted.joins && { joins: true }),
    settings,
    ...(!real && { chaincodePort: known?.chaincodePort ?? fromPool() }),
    organizations: here.map((one) => {
      const before = known?.organizations.find(({ name }) => name === one.name);
      let next = one.firstPort;
      const port = () => {
        if (next === undefined) return fromPool();
        while (before !== undefined && portsUsed(before).has(next)) next++;
        taken.add(next);
        return next++;
      };
      return planOrganization(one, before, { real, isPublic, port, mintId: draw.mintId });
    }),
    others: wanted.organizations
      .filter((one) => !here.includes(one))
      .map((one) => ({ name: one.name, mspId: mspIdOf(one) })),
  };
}

type DrawOne = {
  readonly real: boolean;
  readonly isPublic: boolean;
  readonly port: () => number;
  readonly mintId: Draw['mintId'];
};

function planOrganization(
  wanted: WantedOrganization,
  known: OrganizationDescription | undefined,
  { real, isPublic, port, mintId }: DrawOne,
): OrganizationDescription {
  const { name, host } = wanted;
  return {
    name,
    mspId: mspIdOf(wanted),
    host,
    listen: wanted.listen ?? (isLoopback(host) ? host : '0.0.0.0'),
    ports: known?.ports ?? { rest: port(), peerListener: port() },
    peers: filled(known?.peers, wanted.peers, () => ({ port: port(), ...(real && { chaincode: port() }) })),
    orderers: filled(known?.orderers, wanted.orderers, () => ({ port: port(), adminPort: port() })),
    storageNodes: storageWanted(wanted).map((node, at) => {
      const { swarmPort, ...one } = known?.storageNodes[at] ?? { id: mintId('stor'), port: port(), ...node };
      return isPublic ? { ...one, swarmPort: swarmPort ?? port() } : one;
    }),
    computeNodes: computeWanted(wanted).map((node, at) => known?.computeNodes[at] ?? { id: mintId('comp'), ...node }),
  };
}

function filled<T>(known: readonly T[] = [], count: number, make: () => T): T[] {
  return [...known, ...Array.from({ length: Math.max(0, count - known.length) }, make)];
}

export const isLoopback = (host: string) => host === 'localhost' || host.startsWith('127.');

function portsUsed({ ports, peers, orderers, storageNodes }: OrganizationDescription): Set<number> {
  return new Set([
    ...Object.values(ports),
    ...peers.flatMap((peer) => [peer.port, peer.chaincode ?? 0]),
    ...orderers.flatMap((orderer) => [orderer.port, orderer.adminPort]),
    ...storageNodes.flatMap((node) => [node.port, node.swarmPort ?? 0]),
  ]);
}

type StorageWanted = { readonly disk: string; readonly capacityBytes: string; readonly pricePerGibMonth?: string };

function storageWanted({ storageNodes }: WantedOrganization): StorageWanted[] {
  const list = typeof storageNodes === 'number' ? Array.from({ length: storageNodes }, () => undefined) : storageNodes;
  return list.map((node, at) => ({
    disk: node?.disk ?? `disk-${at + 1}`,
    capacityBytes: String(bytesOf(node?.capacity ?? '64 GiB')),
    ...(node?.pricePerGibMonth !== undefined && { pricePerGibMonth: node.pricePerGibMonth }),
  }));
}

function computeWanted({ computeNodes }: WantedOrganization): { classes: ('R-1' | 'J-1')[] }[] {
  return typeof computeNodes === 'number'
    ? Array.from({ length: computeNodes }, () => ({ classes: ['R-1' as const, 'J-1' as const] }))
    : computeNodes;
}

function misplaced({ network, organizations }: WantedNetwork, only: string | undefined): string[] {
  if (only === undefined) return [];
  if (!organizations.some(({ name }) => name === only))
    return [`No organization "${only}" is described: one of ${organizations.map(({ name }) => name).join(', ')}.`];
  if (network === 'embedded')
    return [
      'An embedded ledger is one program with all keys: organizations on machines of their own need "network": "real".',
    ];
  return [];
}

/** What is wanted otherwise than it stands, and cannot be had by starting programs. */
function destroyed(wanted: WantedNetwork, known: NetworkDescription, only: string | undefined): string[] {
  const reasons: string[] = [];
  const refuse = (where: string, sentence: string) => reasons.push(`${where}: ${sentence}.`);
  const { channel } = wanted;
  if (kindOf(known) !== wanted.network)
    refuse(
      'network',
      `the network here is ${kindOf(known)} and stays so; choose another --directory for the other kind`,
    );
  if (wanted.ipfs.mode === 'public' && known.store.kind === 'embedded')
    refuse(
      'ipfs.mode',
      'the storage nodes here are embedded ones, no IPFS nodes, and the blocks stay with them; choose another --directory for a public network',
    );
  if (channel.name !== known.channel)
    refuse(
      'channel.name',
      `the network here has the channel ${known.channel}, and its data with it; a further channel is opened with dcloud channel`,
    );
  if (channel.consensus !== known.settings.consensus)
    refuse(
      'channel.consensus',
      `the channel runs on ${known.settings.consensus}; found another network for the other kind`,
    );
  for (const part of ['batch', 'policies'] as const)
    if (JSON.stringify(channel[part]) !== JSON.stringify(known.settings[part]))
      refuse(
        `channel.${part}`,
        'these stand in the channel and its members change them: propose it with dcloud channel',
      );
  const described = new Set(wanted.organizations.map(({ name }) => name));
  for (const { name } of [...known.organizations, ...known.others])
    if (!described.has(name))
      refuse(
        'organizations',
        `${name} is a member and is no longer described; a member leaves by dcloud org, not by leaving it out`,
      );
  for (const [at, one] of wanted.organizations.entries()) {
    const before = known.organizations.find(({ name }) => name === one.name);
    const path = `organizations[${at}]`;
    if (before !== undefined) destroyedOf(one, before, (field, sentence) => refuse(`${path}.${field}`, sentence));
    else if (!known.others.some(({ name }) => name === one.name))
      refuse(path, `${one.name} is no member; it joins a running consortium by dcloud org`);
    else if (one.name === only)
      refuse(
        path,
        `the programs here are those of ${known.organizations[0]!.name}: give ${one.name} a --directory of its own`,
      );
  }
  return reasons;
}

function destroyedOf(
  wanted: WantedOrganization,
  known: OrganizationDescription,
  refuse: (field: string, sentence: string) => void,
): void {
  const { name } = known;
  if (mspIdOf(wanted) !== known.mspId)
    refuse('mspId', `${name} is ${known.mspId} in the channel; another id is another organization`);
  if (wanted.host !== known.host)
    refuse('host', `certificates and channel say ${known.host}; move it with dcloud cert and dcloud channel`);
  if (wanted.peers < known.peers.length)
    refuse('peers', `${name} has ${known.peers.length}; keep the second one, or hold it down with dcloud hold`);
  if (known.orderers.length > 0 && wanted.orderers !== known.orderers.length)
    refuse(
      'orderers',
      `${name} has ${known.orderers.length} in the channel; orderers join and leave it by dcloud channel`,
    );
  const storage = storageWanted(wanted);
  if (storage.length < known.storageNodes.length)
    refuse(
      'storageNodes',
      `${name} has ${known.storageNodes.length} with other organizations' data; drain one first (POST /v1/storage-nodes/<id>/drain) and let it leave`,
    );
  for (const [at, { disk, capacityBytes, pricePerGibMonth }] of known.storageNodes.entries()) {
    const now = storage[at];
    if (now !== undefined && now.pricePerGibMonth !== pricePerGibMonth)
      refuse(
        `storageNodes[${at}].pricePerGibMonth`,
        `it stands on the ledger with ${pricePerGibMonth === undefined ? 'no price' : `a price of ${pricePerGibMonth}`}; ask another one of a storage node that is added at the end`,
      );
    if (now !== undefined && (now.disk !== disk || now.capacityBytes !== capacityBytes))
      refuse(
        `storageNodes[${at}]`,
        `it stands on the ledger with disk ${disk} and ${capacityBytes} bytes; another disk is another storage node, added at the end`,
      );
  }
  const compute = computeWanted(wanted);
  if (compute.length < known.computeNodes.length)
    refuse(
      'computeNodes',
      `${name} has ${known.computeNodes.length} on the ledger; hold one down with dcloud hold instead`,
    );
  for (const [at, { classes }] of known.computeNodes.entries()) {
    const now = compute[at];
    if (now !== undefined && now.classes.join() !== classes.join())
      refuse(`computeNodes[${at}]`, `it stands on the ledger with ${classes.join(' and ')}; add another compute node`);
  }
}

function refuseWhat(reasons: readonly string[]): void {
  if (reasons.length > 0) throw new PlanRefused(reasons);
}
