import { X509Certificate } from 'node:crypto';
import { Fault } from '../fault.ts';
import { SerializedIdentity } from '../messages/index.ts';
import { verifyLowS } from '../signing.ts';
import type { MspInConfig } from './channel-config.ts';
import { revokedSerials, serialKey } from './revocation-list.ts';

export type MemberRole = 'peer' | 'orderer' | 'admin' | 'client';

/** A certificate that the channel's configuration vouches for. */
export interface Member {
  readonly mspId: string;
  readonly role: MemberRole;
  readonly commonName: string;
  readonly certificate: X509Certificate;
}

const deepestChain = 5;

function parse(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Fault('corrupt', `${what} is not a certificate`, { cause });
  }
}

/**
 * The member behind a SerializedIdentity, as an MSP with node OUs would accept it: issued by its authority, exactly one
 * role, not revoked. Like Fabric's MSP it does not look at the clock; a caller who wants to, has the certificate.
 */
export function verifyMember(serialized: Uint8Array, msps: ReadonlyMap<string, MspInConfig>): Member {
  const { mspId, certificate: bytes } = SerializedIdentity.decode(serialized);
  const msp = msps.get(mspId);
  if (msp === undefined)
    throw new Fault('corrupt', `${mspId || 'somebody without an MSP'} is not in the channel's configuration`);
  const certificate = parse(Buffer.from(bytes).toString('utf8'), `the identity of ${mspId}`);
  if (certificate.ca) throw new Fault('corrupt', `an authority's certificate of ${mspId} signed as a member`);
  const issuer = verifyChain(certificate, msp);
  for (const list of msp.revocationLists) {
    if (revokedSerials(list, issuer.publicKey)?.has(serialKey(certificate.serialNumber))) {
      throw new Fault('corrupt', `the certificate ${certificate.serialNumber} of ${mspId} is revoked`);
    }
  }
  return { mspId, role: roleOf(certificate, msp), commonName: subjectPart(certificate, 'CN')[0] ?? '', certificate };
}

function subjectPart(certificate: X509Certificate, name: string): string[] {
  const lines = certificate.subject.split('\n').filter((line) => line.startsWith(`${name}=`));
  return lines.map((line) => line.slice(name.length + 1));
}

function roleOf(certificate: X509Certificate, msp: MspInConfig): MemberRole {
  if (msp.nodeOUs === undefined) throw new Fault('corrupt', `${msp.mspId} has no node OUs, so nobody in it has a role`);
  const units = subjectPart(certificate, 'OU');
  const roles = (['peer', 'orderer', 'admin', 'client'] as const).filter((role) => units.includes(msp.nodeOUs![role]));
  if (roles.length !== 1)
    throw new Fault('corrupt', `a certificate of ${msp.mspId} carries ${roles.length} roles instead of one`);
  return roles[0]!;
}

/** Follows issuers up to a root, all valid in the leaf's first second, and answers the leaf's own issuer. */
function verifyChain(leaf: X509Certificate, msp: MspInConfig): X509Certificate {
  const firstSecond = Date.parse(leaf.validFrom) + 1000;
  const roots = msp.rootCertificates.map((pem) => parse(pem, `a root of ${msp.mspId}`));
  const between = msp.intermediateCertificates.map((pem) => parse(pem, `an intermediate of ${msp.mspId}`));
  const issues = (issuer: X509Certificate, subject: X509Certificate) =>
    issuer.ca &&
    subject.checkIssued(issuer) &&
    subject.verify(issuer.publicKey) &&
    Date.parse(issuer.validFrom) <= firstSecond &&
    firstSecond <= Date.parse(issuer.validTo);
  let first: X509Certificate | undefined;
  let subject = leaf;
  for (let depth = 0; depth < deepestChain; depth++) {
    const root = roots.find((candidate) => issues(candidate, subject));
    if (root !== undefined) return first ?? root;
    const next = between.find((candidate) => issues(candidate, subject));
    if (next === undefined) break;
    first ??= next;
    subject = next;
  }
  throw new Fault('corrupt', `a certificate that says ${msp.mspId} does not chain to that organization's roots`);
}

/** Throws unless `member` signed `message` (ECDSA P-256, SHA-256, low s). */
export function verifySignature(member: Member, message: Uint8Array, signature: Uint8Array, what: string): void {
  if (!verifyLowS(member.certificate.publicKey, message, signature)) {
    throw new Fault('corrupt', `the signature of ${member.mspId} on ${what} is wrong`);
  }
}
