import { X509Certificate } from 'node:crypto';
import { Fault } from '../../ledger/fault.ts';
import { organizationalUnits } from './attributes.ts';
import type { NodeRole } from './authority.ts';
import type { Identity } from './enrolment.ts';

/**
 * Refuses to start a process with an identity that Fabric would take and that would fail later: another role than the
 * process has (its endorsements would satisfy no policy), not yet valid, or a TLS certificate that has ended (it starts
 * with a warning, and nobody can connect).
 */
export function checkFitToStart(identity: Identity, role: NodeRole, now: Date): void {
  const { name, mspId, signer, tls, tlsRoot } = identity;
  const what = `the identity ${name} of ${mspId}`;
  const units = organizationalUnits(new X509Certificate(signer.certificate));
  if (!units.includes(role)) {
    throw new Fault('misconfigured', `${what} is enrolled as ${units.join(', ')}, not as ${role}: enrol another one`);
  }
  checkInForce(new X509Certificate(signer.certificate), `the certificate of ${what}`, now);
  const tlsCertificate = new X509Certificate(tls.certificate);
  checkInForce(tlsCertificate, `the TLS certificate of ${what}`, now);
  const root = new X509Certificate(tlsRoot);
  if (!tlsCertificate.checkIssued(root) || !tlsCertificate.verify(root.publicKey)) {
    throw new Fault('misconfigured', `the TLS certificate of ${what} is not of the TLS authority beside it`);
  }
  checkInForce(root, `the TLS authority of ${mspId}`, now);
}

/** Refuses a certificate before its first and after its last second; `what` begins the sentence. */
export function checkInForce(certificate: X509Certificate, what: string, now: Date): void {
  if (now.getTime() < Date.parse(certificate.validFrom)) {
    throw new Fault(
      'misconfigured',
      `${what} is valid only from ${certificate.validFrom} on: is this machine's clock right?`,
    );
  }
  if (now.getTime() > Date.parse(certificate.validTo)) {
    throw new Fault('misconfigured', `${what} ended on ${certificate.validTo}: renew it`);
  }
}
