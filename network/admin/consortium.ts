import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../ledger/fault.ts';
import { readChannelConfig } from '../ledger/verify/channel-config.ts';
import {
  type EnrolRequest,
  enrol,
  foundOrganization,
  type Identity,
  mspRoots,
  type Organization,
  roleAttribute,
} from './certificates/index.ts';
import type { ChannelDescription } from './config/channel-description.ts';
import { genesisBlock } from './config/genesis-block.ts';
import { makeDirectory, writeWhole } from './private-files.ts';

export interface MemberRequest {
  /** Lower case; the folder's name. */
  readonly name: string;
  readonly mspId: string;
  /** `host:port` of this organization's orderer; a free loopback number counted from 7050 when not given. */
  readonly ordererEndpoint?: string;
  readonly anchorPeers?: readonly string[];
  /** DNS names and IP addresses in the TLS certificates; loopback when not given. */
  readonly hosts?: readonly string[];
  /** Replaces the default identities; `orderer` must be among them. */
  readonly identities?: readonly EnrolRequest[];
}

export interface FoundConsortiumRequest {
  /** Holds `organizations/<name>/…` and `channels/<channel>/genesis.block`. */
  readonly directory: string;
  readonly channel: string;
  readonly organizations: readonly MemberRequest[];
  readonly now: Date;
  readonly batch?: ChannelDescription['batch'];
  readonly consensus?: 'raft' | 'bft';
}

export interface ConsortiumMember {
  readonly organization: Organization;
  /** By name: peer, orderer, chaincode, admin, gateway, operator, compute-node. */
  readonly identities: ReadonlyMap<string, Identity>;
}

export interface Consortium {
  readonly channel: string;
  /** Bytes of `common.Block`, also in `genesisBlockPath`. */
  readonly genesisBlock: Uint8Array;
  readonly genesisBlockPath: string;
  /** Hex of the block's hash: what evidence verifiers pin. */
  readonly genesisHash: string;
  readonly members: readonly ConsortiumMember[];
}

const client = (role: string): EnrolRequest => ({ name: role, role: 'client', attributes: { [roleAttribute]: role } });

/** What every organization needs to run a peer, an orderer, a gateway and compute nodes. */
export const memberIdentities: readonly EnrolRequest[] = [
  { name: 'peer', role: 'peer' },
  { name: 'orderer', role: 'orderer' },
  { name: 'admin', role: 'admin' },
  client('gateway'),
  client('operator'),
  client('compute-node'),
  client('chaincode'),
];

/**
 * Founds every organization of a consortium on one machine and the genesis block of its channel. What is there is kept:
 * authorities, identities, and above all the genesis block, whose hash is pinned elsewhere. A crash in the middle leaves
 * only whole organizations and identities, and the next call adds the missing ones.
 */
export async function foundConsortium(request: FoundConsortiumRequest): Promise<Consortium> {
  const organizations = join(request.directory, 'organizations');
  await makeDirectory(organizations);
  const members = await Promise.all(
    request.organizations.map((member) => foundMember(organizations, member, request.now)),
  );
  const genesisBlockPath = join(request.directory, 'channels', request.channel, 'genesis.block');
  const before = await readFile(genesisBlockPath).catch(() => undefined);
  const block = before ?? genesisBlock(await describe(request, members), request.now);
  const config = readChannelConfig(block);
  for (const { organization } of members) {
    const inConfig = config.applicationMsps.get(organization.mspId);
    const { rootCertificate } = await mspRoots(organization);
    if (inConfig === undefined || !inConfig.rootCertificates.includes(rootCertificate)) {
      throw new Fault(
        'misconfigured',
        `${genesisBlockPath} was made for other organizations (${organization.mspId} with this authority is not in it): use an empty directory`,
      );
    }
  }
  if (before === undefined) await writeWhole(genesisBlockPath, block, 'public');
  const genesisHash = Buffer.from(config.blockHash).toString('hex');
  return { channel: request.channel, genesisBlock: block, genesisBlockPath, genesisHash, members };
}

async function foundMember(directory: string, member: MemberRequest, now: Date): Promise<ConsortiumMember> {
  const organization = await foundOrganization({ directory, name: member.name, mspId: member.mspId, now });
  const identities = new Map<string, Identity>();
  for (const request of member.identities ?? memberIdentities) {
    const hosts = request.hosts ?? member.hosts;
    const identity = await enrol(organization, hosts === undefined ? request : { ...request, hosts }, now);
    identities.set(request.name, identity);
  }
  return { organization, identities };
}

async function describe(
  request: FoundConsortiumRequest,
  members: readonly ConsortiumMember[],
): Promise<ChannelDescription> {
  const endpoints = request.organizations.map(
    ({ ordererEndpoint }, index) => ordererEndpoint ?? `localhost:${7050 + index}`,
  );
  return {
    channel: request.channel,
    consensus: request.consensus ?? 'raft',
    ...(request.consensus === 'bft'
      ? { capabilities: { channel: 'V3_0' as const, orderer: 'V2_0' as const, application: 'V2_5' as const } }
      : {}),
    ...(request.batch === undefined ? {} : { batch: request.batch }),
    organizations: await Promise.all(
      members.map(async ({ organization }, index) => ({
        mspId: organization.mspId,
        roots: await mspRoots(organization),
        anchorPeers: [...(request.organizations[index]!.anchorPeers ?? [])],
        ordererEndpoints: [endpoints[index]!],
      })),
    ),
    consenters: members.map(({ organization, identities }, index) => {
      const orderer = identities.get('orderer');
      if (orderer === undefined) throw new Fault('misconfigured', `${organization.name} enrols no orderer`);
      return {
        mspId: organization.mspId,
        address: endpoints[index]!,
        tlsCertificate: orderer.tls.certificate,
        certificate: orderer.signer.certificate,
      };
    }),
  };
}
