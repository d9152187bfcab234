import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { Fault } from '../../ledger/fault.ts';
import { isLowS } from '../../ledger/signing.ts';
import { attributeExtension } from './attributes.ts';
import { newPrivateKey, newSerialNumber, p256, privateKeyFrom, signingKey, verifyingKey } from './key-pair.ts';
import { x509 } from './library.ts';

/** Fabric's node OUs; a certificate carries exactly one, and policies count by it. */
export const nodeRoles = ['peer', 'orderer', 'admin', 'client'] as const;
export type NodeRole = (typeof nodeRoles)[number];

/** A certificate authority of one organization: its certificate (PEM) and the key that only that organization holds. */
export interface Authority {
  readonly certificate: string;
  readonly key: KeyObject;
}

/** A certificate (PEM) with its private key. */
export interface CertifiedKey {
  readonly certificate: string;
  readonly key: KeyObject;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Fabric verifies a chain at the leaf's first second, so an authority must be older than whatever it signs. */
const authorityBackdateMs = dayMs;
const leafBackdateMs = 5 * minuteMs;
export const authorityLifetimeDays = 10 * 365;
export const leafLifetimeDays = 365;

/** Fabric re-encodes certificates with a high s, and then their bytes are not the file's: we sign until s is low. */
async function withLowS(make: () => Promise<x509.X509Certificate>): Promise<string> {
  for (;;) {
    const certificate = await make();
    if (isLowS(new Uint8Array(certificate.signature))) return `${certificate.toString('pem')}\n`;
  }
}

/** A new self-signed authority, valid from a day before `now`. `commonName` and `organization` name it, nothing more. */
export async function foundAuthority(commonName: string, organization: string, now: Date): Promise<Authority> {
  const key = newPrivateKey();
  const keys = { privateKey: await signingKey(key), publicKey: await verifyingKey(key) };
  const serialNumber = newSerialNumber();
  const usages = x509.KeyUsageFlags;
  const certificate = await withLowS(async () =>
    x509.X509CertificateGenerator.createSelfSigned({
      serialNumber,
      name: [{ CN: [commonName] }, { O: [organization] }],
      notBefore: new Date(now.getTime() - authorityBackdateMs),
      notAfter: new Date(now.getTime() + authorityLifetimeDays * dayMs),
      keys,
      signingAlgorithm: p256,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(usages.keyCertSign | usages.cRLSign | usages.digitalSignature, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    }),
  );
  return { certificate, key };
}

/** The authority of a certificate and key as written before; refuses halves that do not belong together. */
export function openAuthority(certificate: string, key: string, where: string): Authority {
  const parsed = new X509Certificate(certificate);
  const privateKey = privateKeyFrom(key);
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new Fault('misconfigured', `the key of the authority in ${where} does not belong to its certificate`);
  }
  return { certificate, key: privateKey };
}

interface LeafContent {
  readonly subject: x509.JsonName;
  readonly usage: number;
  readonly extensions: readonly x509.Extension[];
  readonly now: Date;
  readonly days: number;
  /** Given on renewal: the certificate is issued for this key. */
  readonly key?: KeyObject;
}

async function issueLeaf(authority: Authority, content: LeafContent): Promise<CertifiedKey> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const key = content.key ?? newPrivateKey();
  const publicKey = await verifyingKey(key);
  const authorityKey = await signingKey(authority.key);
  const authorityPublicKey = await verifyingKey(createPublicKey(authority.key));
  const serialNumber = newSerialNumber();
  const certificate = await withLowS(async () =>
    x509.X509CertificateGenerator.create({
      serialNumber,
      subject: content.subject,
      issuer: issuer.subject,
      notBefore: new Date(content.now.getTime() - leafBackdateMs),
      notAfter: new Date(content.now.getTime() + content.days * dayMs),
      publicKey,
      signingKey: authorityKey,
      signingAlgorithm: p256,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(content.usage, true),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(authorityPublicKey, false),
        ...content.extensions,
      ],
    }),
  );
  return { certificate, key };
}

export interface IdentityRequest {
  readonly name: string;
  readonly role: NodeRole;
  /** Fabric attributes, read in chaincode by `getAttributeValue`; ours is `dcloud.role`. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly now: Date;
  readonly days?: number;
  readonly key?: KeyObject;
}

/** A signing identity with exactly one node OU, valid from five minutes before `now`. */
export async function issueIdentity(authority: Authority, request: IdentityRequest): Promise<CertifiedKey> {
  return issueLeaf(authority, {
    subject: [{ CN: [request.name] }, { OU: [request.role] }],
    usage: x509.KeyUsageFlags.digitalSignature,
    extensions: request.attributes === undefined ? [] : [attributeExtension(request.attributes)],
    now: request.now,
    days: request.days ?? leafLifetimeDays,
    ...(request.key === undefined ? {} : { key: request.key }),
  });
}

export interface TlsRequest {
  readonly name: string;
  /** DNS names and IP addresses at which it may be reached; none for a pure client. */
  readonly hosts: readonly string[];
  readonly now: Date;
  readonly days?: number;
  readonly key?: KeyObject;
}

/** A TLS certificate that serves as server and as client, as orderers use theirs. */
export async function issueTls(authority: Authority, request: TlsRequest): Promise<CertifiedKey> {
  const names = request.hosts.map((host): x509.JsonGeneralName => {
    return { type: /^[\d.]+$|:/.test(host) ? 'ip' : 'dns', value: host };
  });
  return issueLeaf(authority, {
    subject: [{ CN: [request.name] }],
    usage: x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
    now: request.now,
    days: request.days ?? leafLifetimeDays,
    ...(request.key === undefined ? {} : { key: request.key }),
  });
}
