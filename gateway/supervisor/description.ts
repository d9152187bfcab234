import { z } from 'zod';

const port = z.int().min(1).max(65535);

const organization = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  mspId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/),
  ports: z.strictObject({ rest: port, peerListener: port, ledger: port }),
  /** Where the organization's own orderer and chaincode listen; a real network's alone. */
  fabricPorts: z.strictObject({ orderer: port, ordererAdmin: port, chaincode: port }).optional(),
  storageNodes: z.array(z.strictObject({ id: z.string(), port, disk: z.string(), capacityBytes: z.string() })),
  computeNodes: z.array(z.strictObject({ id: z.string(), classes: z.array(z.enum(['R-1', 'J-1'])) })),
});

/** The network on this machine, as `network.json` keeps it: what runs, under which ids, on which loopback ports. */
export const networkDescription = z.strictObject({
  v: z.literal(1),
  /** Who answers behind the protocols: our own double, or Fabric's and Kubo's programs, found in `binaries` or else on the search path. */
  ledger: z.strictObject({ kind: z.enum(['embedded', 'fabric']), binaries: z.string().optional() }).default({
    kind: 'embedded',
  }),
  store: z.strictObject({ kind: z.enum(['embedded', 'kubo']), binaries: z.string().optional() }).default({
    kind: 'embedded',
  }),
  channel: z.string(),
  chaincodePort: port,
  organizations: z.array(organization).min(1),
});

/** Reads `network.json`; nothing where this version cannot. */
export function parseDescription(text: string): NetworkDescription | undefined {
  try {
    return networkDescription.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export type NetworkDescription = z.infer<typeof networkDescription>;
export type OrganizationDescription = NetworkDescription['organizations'][number];

/** What the embedded network looks like before it has ids and ports. Three organizations, because two cannot keep the promises. */
export const defaultShape = [
  { name: 'alder', mspId: 'AlderMSP', storageNodes: 3, computeNodes: 1 },
  { name: 'birch', mspId: 'BirchMSP', storageNodes: 2, computeNodes: 0 },
  { name: 'cedar', mspId: 'CedarMSP', storageNodes: 2, computeNodes: 1 },
] as const;

/** What people choose from: everything of our own, or everything real. */
export type NetworkKind = { readonly kind: 'embedded' } | { readonly kind: 'real'; readonly binaries?: string };

type Shape = readonly { name: string; mspId: string; storageNodes: number; computeNodes: number }[];

/** How many ports a shape needs: one for the chaincode, three for each organization (six where it has its own orderer and chaincode) and one for each storage node. */
export function portsNeeded(shape: Shape, { kind }: NetworkKind = { kind: 'embedded' }): number {
  return 1 + shape.reduce((sum, { storageNodes }) => sum + (kind === 'real' ? 6 : 3) + storageNodes, 0);
}

/** Gives a shape its ids and ports. Takes exactly {@link portsNeeded} free ports. */
export function describeNetwork(
  shape: Shape,
  ports: readonly number[],
  mintId: (kind: 'stor' | 'comp') => string,
  network: NetworkKind = { kind: 'embedded' },
): NetworkDescription {
  const rest = ports.values();
  const next = () => {
    const { value, done } = rest.next();
    if (done) throw new RangeError(`a network of this shape needs ${portsNeeded(shape, network)} ports`);
    return value;
  };
  const real = network.kind === 'real';
  const found = real && network.binaries !== undefined ? { binaries: network.binaries } : {};
  return {
    v: 1,
    ledger: real ? { kind: 'fabric', ...found } : { kind: 'embedded' },
    store: real ? { kind: 'kubo', ...found } : { kind: 'embedded' },
    channel: 'dcloud',
    chaincodePort: next(),
    organizations: shape.map(({ name, mspId, storageNodes, computeNodes }) => ({
      name,
      mspId,
      ports: { rest: next(), peerListener: next(), ledger: next() },
      ...(real ? { fabricPorts: { orderer: next(), ordererAdmin: next(), chaincode: next() } } : {}),
      storageNodes: Array.from({ length: storageNodes }, (_, at) => ({
        id: mintId('stor'),
        port: next(),
        disk: `disk-${at + 1}`,
        capacityBytes: `${64 * 2 ** 30}`,
      })),
      computeNodes: Array.from({ length: computeNodes }, () => ({ id: mintId('comp'), classes: ['R-1', 'J-1'] })),
    })),
  };
}
