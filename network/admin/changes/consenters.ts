import { X509Certificate } from 'node:crypto';
import { Fault } from '../../ledger/fault.ts';
import {
  BftConsenters,
  type ConfigGroup,
  ConsensusType,
  type Decoded,
  RaftMetadata,
} from '../../ledger/messages/index.ts';
import { readMsp } from '../../ledger/verify/channel-config.ts';
import { bftQuorum } from '../config/ordering-group.ts';
import { hostAndPort } from '../config/organization-group.ts';
import { identityPrincipal, signaturePolicy } from '../config/policies.ts';
import { groupAt, setPolicy, setValue } from '../config/tree.ts';
import type { ConsenterEdit } from './edit-schema.ts';

/** Makes a change of consenters; refuses adding one that is there and touching one that is not. */
export function changeConsenters(root: ConfigGroup, edit: ConsenterEdit): void {
  const orderer = groupAt(root, ['Orderer']);
  const consensus = ConsensusType.decode(orderer.values.get('ConsensusType')?.value ?? new Uint8Array(0));
  if (consensus.type === 'BFT') changeBft(orderer, edit);
  else if (consensus.type === 'etcdraft') changeRaft(orderer, consensus, edit);
  else throw new Fault('misconfigured', `consensus ${consensus.type} has no consenters that we know how to change`);
}

/** The list with one entry added, replaced or taken out. */
function changed<C extends { host: string; port: number }>(
  consenters: readonly C[],
  { kind, address }: ConsenterEdit,
  make: (before: C | undefined) => C,
): C[] {
  const { host, port } = hostAndPort(address);
  const place = consenters.findIndex((consenter) => consenter.host === host && consenter.port === port);
  if (kind === 'add-consenter' ? place !== -1 : place === -1) {
    throw new Fault('misconfigured', `${address} is ${place === -1 ? 'no' : 'already a'} consenter of the channel`);
  }
  const rest = [...consenters];
  if (kind === 'add-consenter') rest.push(make(undefined));
  else if (kind === 'renew-consenter') rest[place] = make(rest[place]);
  else rest.splice(place, 1);
  return rest;
}

function changeRaft(orderer: ConfigGroup, consensus: Decoded<typeof ConsensusType>, edit: ConsenterEdit): void {
  const metadata = RaftMetadata.decode(consensus.metadata);
  const consenters = changed(metadata.consenters, edit, () => ({ ...hostAndPort(edit.address), ...tlsOf(edit) }));
  const bytes = RaftMetadata.encode({ ...metadata, consenters });
  setValue(orderer, 'ConsensusType', ConsensusType.encode({ ...consensus, metadata: bytes }));
}

/** In BFT the policy that blocks are checked by names every consenter, so it changes with them. */
function changeBft(orderer: ConfigGroup, edit: ConsenterEdit): void {
  const { consenterMapping: before } = BftConsenters.decode(orderer.values.get('Orderers')?.value ?? new Uint8Array(0));
  const id = Math.max(0, ...before.map((consenter) => consenter.id)) + 1;
  const consenterMapping = changed(before, edit, (old) => {
    const { mspId = old?.mspId, certificate } = edit.kind === 'remove-consenter' ? {} : edit;
    const identity = certificate === undefined ? old?.identity : Buffer.from(certificate);
    if (mspId === undefined || identity === undefined) {
      throw new Fault(
        'misconfigured',
        `a BFT consenter needs its MSP id and its signing certificate (${edit.address})`,
      );
    }
    return { id: old?.id ?? id, ...hostAndPort(edit.address), mspId, identity, ...tlsOf(edit) };
  });
  setValue(orderer, 'Orderers', BftConsenters.encode({ consenterMapping }));
  const principals = consenterMapping.map(({ mspId, identity }) => {
    return identityPrincipal(mspId, Buffer.from(identity).toString('utf8'));
  });
  setPolicy(orderer, 'BlockValidation', signaturePolicy(principals, bftQuorum(consenterMapping.length)));
}

function tlsOf(edit: ConsenterEdit): { clientTlsCert: Uint8Array; serverTlsCert: Uint8Array } {
  const certificate = Buffer.from(edit.kind === 'remove-consenter' ? '' : edit.tlsCertificate);
  return { clientTlsCert: certificate, serverTlsCert: certificate };
}

/** What a guard needs to know of a consenter, whatever the consensus. */
export interface ConsenterInConfig {
  readonly address: string;
  /** PEM. */
  readonly tlsCertificate: string;
  /** Whose it is, where the configuration says so: in BFT. */
  readonly mspId?: string;
}

/** The consenters of a configuration, or undefined where its consensus has none that we know. */
export function consentersOf(root: ConfigGroup): readonly ConsenterInConfig[] | undefined {
  const orderer = root.groups.get('Orderer');
  const { type, metadata } = ConsensusType.decode(orderer?.values.get('ConsensusType')?.value ?? new Uint8Array(0));
  const mapping = orderer?.values.get('Orderers')?.value ?? new Uint8Array(0);
  if (type !== 'etcdraft' && type !== 'BFT') return undefined;
  const known = ({ host, port, serverTlsCert }: { host: string; port: number; serverTlsCert: Uint8Array }) => ({
    address: `${host}:${port}`,
    tlsCertificate: Buffer.from(serverTlsCert).toString('utf8'),
  });
  if (type === 'etcdraft') return RaftMetadata.decode(metadata).consenters.map(known);
  return BftConsenters.decode(mapping).consenterMapping.map((one) => ({ ...known(one), mspId: one.mspId }));
}

/** A consenter that is an organization's, or may be. */
export interface OwnedConsenter {
  readonly address: string;
  /** The configuration itself says whose it is. */
  readonly stated: boolean;
  /** Other ordering organizations that vouch for its TLS certificate as well. */
  readonly alsoOf: readonly string[];
}

/**
 * An ordering organization's consenters. In BFT the configuration states whose each is. In Raft its TLS certificate alone tells, by
 * whose roots issued it, and every organization writes its own roots by itself: one that lists another's claims that one's orderers
 * too, so whose a consenter is that several vouch for is not known.
 */
export function consentersOfOrganization(root: ConfigGroup, mspId: string): OwnedConsenter[] {
  const orderers = [...(root.groups.get('Orderer')?.groups ?? [])].map(
    ([name, group]) => [name, tlsRootsOf(group)] as const,
  );
  return (consentersOf(root) ?? []).flatMap(({ address, tlsCertificate, mspId: owner }) => {
    const vouching = orderers.filter(([, roots]) => isIssuedBy(tlsCertificate, roots)).map(([name]) => name);
    const stated = owner !== undefined;
    if (stated ? owner !== mspId : !vouching.includes(mspId)) return [];
    return [{ address, stated, alsoOf: vouching.filter((name) => name !== mspId) }];
  });
}

/** The TLS roots, and what stands between them and certificates, of an ordering organization's group. */
export function tlsRootsOf(group: ConfigGroup): X509Certificate[] {
  const value = group.values.get('MSP')?.value;
  if (value === undefined) return [];
  const { tlsRootCertificates, tlsIntermediateCertificates } = readMsp(value);
  return [...tlsRootCertificates, ...tlsIntermediateCertificates].map((pem) => new X509Certificate(pem));
}

/** Whether one of these authorities issued a certificate (PEM); none issued what is no certificate. */
export function isIssuedBy(pem: string, authorities: readonly X509Certificate[]): boolean {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return false;
  }
  return authorities.some((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
}
