import { X509Certificate } from 'node:crypto';
import type { ChannelConfig } from '../msp/channel-config.ts';
import { ConsensusType, Orderers, RaftMetadata } from '../wire/ordering.ts';

/** Who agrees on a channel's order, as its configuration says. */
export interface Consenters {
  /** The MSP id of each consenter's organization; `undefined` where no organization's TLS authority issued its certificate. */
  readonly organizations: readonly (string | undefined)[];
  /** How many of them must take part for anything to be ordered; 0 where the configuration names none. */
  readonly quorum: number;
}

const read = new WeakMap<ChannelConfig, Consenters>();

/** Reads the consenters of a configuration in force; each is read once. */
export function consentersOf(config: ChannelConfig): Consenters {
  const known = read.get(config);
  if (known !== undefined) return known;
  const consenters = consentersIn(config);
  read.set(config, consenters);
  return consenters;
}

function consentersIn(config: ChannelConfig): Consenters {
  const values = config.group.groups?.Orderer?.values ?? {};
  const { type, metadata } = ConsensusType.decode(values.ConsensusType?.value ?? Buffer.alloc(0));
  if (type === 'BFT') {
    const organizations = Orderers.decode(values.Orderers?.value ?? Buffer.alloc(0)).consenterMapping.map(
      ({ mspId }) => mspId,
    );
    const count = organizations.length;
    // SmartBFT: of n, f = (n-1)/3 may lie, and any two quorums share one that does not.
    return { organizations, quorum: Math.ceil((count + Math.floor((count - 1) / 3) + 1) / 2) };
  }
  const organizations = RaftMetadata.decode(metadata).consenters.map(({ serverTlsCert }) =>
    issuerOf(serverTlsCert, config),
  );
  return { organizations, quorum: organizations.length === 0 ? 0 : Math.floor(organizations.length / 2) + 1 };
}

/** Raft's metadata names no organizations: a consenter belongs to the one whose TLS authority issued its certificate. */
function issuerOf(pem: Buffer, { organizations }: ChannelConfig): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return undefined;
  }
  for (const { mspId, tlsRoots } of organizations.values()) {
    const roots = tlsRoots.map((root) => new X509Certificate(root));
    if (roots.some((root) => certificate.checkIssued(root) && certificate.verify(root.publicKey))) return mspId;
  }
  return undefined;
}

/** Whether enough consenters take part for anything to be ordered. */
export function haveQuorum({ organizations, quorum }: Consenters, joined: ReadonlySet<string>): boolean {
  return organizations.filter((mspId) => mspId !== undefined && joined.has(mspId)).length >= quorum;
}
