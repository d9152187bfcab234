import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../ledger/fault.ts';
import { sha256 } from '../ledger/signing.ts';
import { readChannelConfig } from '../ledger/verify/channel-config.ts';
import {
  type EnrolRequest,
  enrol,
  formerAuthorities,
  foundOrganization,
  type Identity,
  type MspRoots,
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
  /** `host:port` of each of this organization's orderers; a loopback number counted from 7050 when not given. */
  readonly ordererEndpoints?: readonly string[];
  readonly anchorPeers?: readonly string[];
  /** DNS names and IP addresses in the TLS certificates; loopback when not given. */
  readonly hosts?: readonly string[];
  /** Replaces the default identities; those of its orderers (see {@link nodeName}) must be among them. */
  readonly identities?: readonly EnrolRequest[];
}

/** What the others of a consortium need of a member to make and check the channel's first block. Nothing in it is secret. */
export interface PublicMember {
  readonly mspId: string;
  readonly roots: MspRoots;
  /** `host:port` each. */
  readonly anchorPeers: readonly string[];
  /** Certificates in PEM: the one it signs with, and its TLS certificate. */
  readonly orderers: readonly {
    readonly address: string;
    readonly certificate: string;
    readonly tlsCertificate: string;
  }[];
}

export interface FoundConsortiumRequest {
  /** Holds `organizations/<name>/…` and `channels/<channel>/genesis.block`. */
  readonly directory: string;
  readonly channel: string;
  readonly organizations: readonly MemberRequest[];
  readonly now: Date;
  /** Members whose keys lie on other machines. */
  readonly others?: readonly PublicMember[];
  /** The time in the genesis block, `now` when not given. With the same members and this, every machine makes the same block. */
  readonly foundedAt?: Date;
  readonly batch?: ChannelDescription['batch'];
  readonly consensus?: 'raft' | 'bft';
  readonly policies?: ChannelDescription['applicationPolicies'];
  /** The organizations were taken in later: the channel's first block, which must be there, does not name them. */
  readonly joining?: boolean;
  /** Hex. A genesis block with another hash is refused, and none is written. */
  readonly genesisHash?: string;
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

/** The name of an organization's peers and orderers: the first is `peer`, the others are `peer-2` and so on. */
export function nodeName(kind: 'peer' | 'orderer', at: number): string {
  return at === 0 ? kind : `${kind}-${at + 1}`;
}

/**
 * Founds every organization of a consortium on one machine, or one of them with what the `others` made public, and the
 * genesis block of its channel. What is there is kept: authorities, identities, and above all the genesis block, whose hash
 * is pinned elsewhere. A crash in the middle leaves only whole organizations and identities, and the next call adds the
 * missing ones.
 */
export async function foundConsortium(request: FoundConsortiumRequest): Promise<Consortium> {
  const members = await Promise.all(
    request.organizations.map((member) => foundMember(request.directory, member, request.now)),
  );
  const own = members.map((member, at) => publicMember(member, request.organizations[at]!, at));
  const all = [...(await Promise.all(own)), ...(request.others ?? [])].sort((a, b) => (a.mspId < b.mspId ? -1 : 1));
  const genesisBlockPath = join(request.directory, 'channels', request.channel, 'genesis.block');
  const before = await readFile(genesisBlockPath).catch(() => undefined);
  if (before === undefined && request.joining === true)
    throw new Fault(
      'misconfigured',
      `${genesisBlockPath} is not there: the channel that is joined has its first block already`,
    );
  const block = before ?? genesisBlock(describe(request, all), request.foundedAt ?? request.now, nonceOf(all));
  const config = readChannelConfig(block);
  const former = new Map(
    await Promise.all(
      members.map(async ({ organization }) => {
        return [organization.mspId, await formerAuthorities(organization, 'signing')] as const;
      }),
    ),
  );
  for (const { mspId, roots } of request.joining === true ? [] : all) {
    const inConfig = config.applicationMsps.get(mspId);
    // The first block names the authority that an organization had when the channel was made.
    const own = [roots.rootCertificate, ...(former.get(mspId) ?? [])];
    if (inConfig === undefined || !own.some((root) => inConfig.rootCertificates.includes(root))) {
      throw new Fault(
        'misconfigured',
        `${genesisBlockPath} was made for other organizations (${mspId} with this authority is not in it): use an empty directory`,
      );
    }
  }
  const genesisHash = Buffer.from(config.blockHash).toString('hex');
  if (request.genesisHash !== undefined && request.genesisHash.toLowerCase() !== genesisHash) {
    throw new Fault(
      'misconfigured',
      `the first block of ${request.channel} has the hash ${genesisHash} here, not ${request.genesisHash}: the machines were given different descriptions or public files`,
    );
  }
  if (before === undefined) await writeWhole(genesisBlockPath, block, 'public');
  return { channel: request.channel, genesisBlock: block, genesisBlockPath, genesisHash, members };
}

/** Founds one organization with its identities under `<directory>/organizations`, or opens what is there and adds what is missing. */
export async function foundMember(directory: string, member: MemberRequest, now: Date): Promise<ConsortiumMember> {
  const organizations = join(directory, 'organizations');
  await makeDirectory(organizations);
  const { name, mspId } = member;
  const organization = await foundOrganization({ directory: organizations, name, mspId, now });
  const identities = new Map<string, Identity>();
  for (const request of member.identities ?? memberIdentities) {
    const hosts = request.hosts ?? member.hosts;
    const identity = await enrol(organization, hosts === undefined ? request : { ...request, hosts }, now);
    identities.set(request.name, identity);
  }
  return { organization, identities };
}

/** What a founded member shows to the others. `at` is its place in the consortium, for the endpoint of one that names none. */
export async function publicMember(
  { organization, identities }: ConsortiumMember,
  { ordererEndpoints, anchorPeers = [] }: MemberRequest,
  at = 0,
): Promise<PublicMember> {
  return {
    mspId: organization.mspId,
    roots: await mspRoots(organization),
    anchorPeers,
    orderers: (ordererEndpoints ?? [`localhost:${7050 + at}`]).map((address, place) => {
      const orderer = identities.get(nodeName('orderer', place));
      if (orderer === undefined) throw new Fault('misconfigured', `${organization.name} enrols no orderer`);
      return { address, certificate: orderer.signer.certificate, tlsCertificate: orderer.tls.certificate };
    }),
  };
}

/** Two channels differ because the keys of their members do. */
function nonceOf(members: readonly PublicMember[]): Uint8Array {
  const content = members.map(({ mspId, roots, anchorPeers, orderers }) => [
    [mspId, roots.rootCertificate, roots.tlsRootCertificate, ...anchorPeers],
    orderers.map(({ address, certificate, tlsCertificate }) => [address, certificate, tlsCertificate]),
  ]);
  return sha256(Buffer.from(JSON.stringify(content))).subarray(0, 24);
}

function describe(request: FoundConsortiumRequest, members: readonly PublicMember[]): ChannelDescription {
  const { channel, consensus = 'raft', batch, policies } = request;
  return {
    channel,
    consensus,
    ...(consensus === 'bft'
      ? { capabilities: { channel: 'V3_0' as const, orderer: 'V2_0' as const, application: 'V2_5' as const } }
      : {}),
    ...(batch === undefined ? {} : { batch }),
    ...(policies === undefined ? {} : { applicationPolicies: policies }),
    organizations: members.map(({ mspId, roots, anchorPeers, orderers }) => ({
      mspId,
      roots,
      anchorPeers: [...anchorPeers],
      ordererEndpoints: orderers.map(({ address }) => address),
    })),
    consenters: members.flatMap(({ mspId, orderers }) => orderers.map((orderer) => ({ mspId, ...orderer }))),
  };
}
