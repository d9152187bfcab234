import { X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../ledger/fault.ts';
import { makeDirectory, makeWholeDirectory, readNeeded, writeWhole } from '../private-files.ts';
import { attributesOf, organizationalUnits } from './attributes.ts';
import { type CertifiedKey, issueIdentity, issueTls, type NodeRole } from './authority.ts';
import { keyPem, privateKeyFrom } from './key-pair.ts';
import { readMspSigner, writeMsp } from './msp-directory.ts';
import { mspRoots, type Organization, signingAuthority, tlsAuthority } from './organization.ts';
import { issuedSerials, noteIssued, revokedSerialNumbers, serialOf } from './serial-registers.ts';

export interface EnrolRequest {
  /** Lower case letters, digits, dashes, underscores: the folder's name and both certificates' common name. */
  readonly name: string;
  readonly role: NodeRole;
  readonly attributes?: Readonly<Record<string, string>>;
  /** DNS names and IP addresses of the TLS certificate; loopback when not given. */
  readonly hosts?: readonly string[];
  readonly days?: number;
}

/** An enrolled identity on disk: `msp/` as Fabric's processes read it, and `tls/cert.pem key.pem ca.pem` beside it. */
export interface Identity {
  readonly name: string;
  readonly mspId: string;
  readonly directory: string;
  readonly mspDirectory: string;
  readonly tlsDirectory: string;
  readonly signer: CertifiedKey;
  readonly tls: CertifiedKey;
  /** The organization's own TLS root, PEM. */
  readonly tlsRoot: string;
}

const loopback = ['localhost', '127.0.0.1', '::1'];

function identityDirectory(organization: Organization, name: string): string {
  return join(organization.directory, 'identities', name);
}

/** Issues an identity's signing and TLS certificates; all or nothing, and an identity that is there is kept. */
export async function enrol(organization: Organization, request: EnrolRequest, now: Date): Promise<Identity> {
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(request.name)) {
    throw new Fault('misconfigured', `"${request.name}" cannot name an identity: use a-z, 0-9, - and _`);
  }
  const directory = identityDirectory(organization, request.name);
  if ((await readdir(directory).catch(() => undefined)) === undefined) {
    await makeDirectory(join(organization.directory, 'identities'));
    await makeWholeDirectory(directory, (unfinished) => writeIdentity(organization, request, now, unfinished));
  }
  const identity = await openIdentity(organization, request.name);
  if (!organizationalUnits(new X509Certificate(identity.signer.certificate)).includes(request.role)) {
    throw new Fault('misconfigured', `${directory} is there already, but not as ${request.role}: choose another name`);
  }
  return identity;
}

async function writeIdentity(organization: Organization, request: EnrolRequest, now: Date, directory: string) {
  const roots = await mspRoots(organization);
  const { name, role, attributes, days } = request;
  const dates = { now, ...(days === undefined ? {} : { days }) };
  const signer = await issueIdentity(await signingAuthority(organization), {
    name,
    role,
    ...dates,
    ...(attributes === undefined ? {} : { attributes }),
  });
  const hosts = request.hosts ?? loopback;
  const tls = await issueTls(await tlsAuthority(organization), { name, hosts, ...dates });
  await noteIssued(directory, [], { signer, tls });
  await writeMsp(join(directory, 'msp'), roots, signer);
  await writeWhole(join(directory, 'tls', 'ca.pem'), roots.tlsRootCertificate, 'public');
  await writeWhole(join(directory, 'tls', 'cert.pem'), tls.certificate, 'public');
  await writeWhole(join(directory, 'tls', 'key.pem'), keyPem(tls.key), 'secret');
}

/** An identity as written before; refuses what Fabric's processes would stumble over later. */
export async function openIdentity(organization: Organization, name: string): Promise<Identity> {
  const directory = identityDirectory(organization, name);
  if ((await readdir(directory).catch(() => undefined)) === undefined) {
    throw new Fault('misconfigured', `${organization.mspId} has no identity ${name}`);
  }
  const mspDirectory = join(directory, 'msp');
  const tlsDirectory = join(directory, 'tls');
  const signer = await readMspSigner(mspDirectory);
  const tls = {
    certificate: await readNeeded(join(tlsDirectory, 'cert.pem'), 'the TLS certificate'),
    key: privateKeyFrom(await readNeeded(join(tlsDirectory, 'key.pem'), 'the TLS key')),
  };
  if (!new X509Certificate(tls.certificate).checkPrivateKey(tls.key)) {
    throw new Fault('misconfigured', `${tlsDirectory}: the key does not belong to the certificate`);
  }
  const tlsRoot = await readNeeded(join(tlsDirectory, 'ca.pem'), 'the TLS root');
  return { name, mspId: organization.mspId, directory, mspDirectory, tlsDirectory, signer, tls, tlsRoot };
}

/** The names of an organization's enrolled identities. */
export async function listIdentities(organization: Organization): Promise<string[]> {
  const names = await readdir(join(organization.directory, 'identities')).catch(() => []);
  return names.filter((name) => !name.startsWith('.')).sort();
}

/**
 * Issues both certificates of an identity again for the same keys. With the same key an orderer stays a consenter without
 * any change of the channel: Raft compares public keys. Refused for a revoked identity, which a fresh serial number would bring back.
 */
export async function renew(organization: Organization, name: string, now: Date, days?: number): Promise<Identity> {
  const old = await openIdentity(organization, name);
  if ((await revokedSerialNumbers(organization)).has(serialOf(old.signer.certificate))) {
    throw new Fault('misconfigured', `${name} is revoked: issue another identity, under another name`);
  }
  const certificate = new X509Certificate(old.signer.certificate);
  const attributes = attributesOf(old.signer.certificate);
  const dates = { now, ...(days === undefined ? {} : { days }) };
  const signer = await issueIdentity(await signingAuthority(organization), {
    name,
    role: organizationalUnits(certificate)[0] as NodeRole,
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    key: old.signer.key,
    ...dates,
  });
  const hosts = new X509Certificate(old.tls.certificate).subjectAltName?.split(', ').map((entry) => {
    return entry.replace(/^(DNS|IP Address):/, '');
  });
  const tls = await issueTls(await tlsAuthority(organization), {
    name,
    hosts: hosts ?? [],
    key: old.tls.key,
    ...dates,
  });
  await noteIssued(old.directory, await issuedSerials(old.directory, old), { signer, tls });
  await writeWhole(join(old.mspDirectory, 'signcerts', 'cert.pem'), signer.certificate, 'public');
  await writeWhole(join(old.tlsDirectory, 'cert.pem'), tls.certificate, 'public');
  return { ...old, signer, tls };
}
