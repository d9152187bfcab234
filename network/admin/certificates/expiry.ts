import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { readNeeded } from '../private-files.ts';
import { listIdentities } from './enrolment.ts';
import type { Organization } from './organization.ts';
import { revokedSerialNumbers } from './serial-registers.ts';

/** How near an end is: Fabric itself warns only in the last seven days, and of its own certificates alone. */
export type ExpiryWarning = 'expired' | '7 days' | '30 days' | '90 days';

export interface CertificateExpiry {
  readonly organization: string;
  /** What it is, such as "peer (TLS)". */
  readonly holder: string;
  /** The file, or the channel in whose configuration it stands. */
  readonly path: string;
  /** SHA-256 of the certificate, as Node writes it. */
  readonly fingerprint: string;
  readonly serialNumber: string;
  readonly notAfter: Date;
  /** Whole days left, negative after the end. */
  readonly daysLeft: number;
  readonly warning: ExpiryWarning | undefined;
}

const dayMs = 24 * 60 * 60_000;

export function expiryWarning(daysLeft: number): ExpiryWarning | undefined {
  if (daysLeft < 0) return 'expired';
  if (daysLeft <= 7) return '7 days';
  if (daysLeft <= 30) return '30 days';
  return daysLeft <= 90 ? '90 days' : undefined;
}

/** How long a certificate (PEM) still holds. */
export function expiryOf(
  pem: string,
  what: Pick<CertificateExpiry, 'organization' | 'holder' | 'path'>,
  now: Date,
): CertificateExpiry {
  const certificate = new X509Certificate(pem);
  const daysLeft = Math.floor((certificate.validToDate.getTime() - now.getTime()) / dayMs);
  return {
    ...what,
    fingerprint: certificate.fingerprint256,
    serialNumber: certificate.serialNumber.toLowerCase(),
    notAfter: certificate.validToDate,
    daysLeft,
    warning: expiryWarning(daysLeft),
  };
}

/** Every certificate of an organization that it has not revoked, the one that ends first in front. */
export async function listExpiry(organization: Organization, now: Date): Promise<CertificateExpiry[]> {
  const { directory, mspId } = organization;
  const places: [string, string][] = [
    ['authority', join(directory, 'ca', 'cert.pem')],
    ['authority (TLS)', join(directory, 'tlsca', 'cert.pem')],
  ];
  for (const identity of await listIdentities(organization)) {
    const at = join(directory, 'identities', identity);
    places.push(
      [identity, join(at, 'msp', 'signcerts', 'cert.pem')],
      [`${identity} (TLS)`, join(at, 'tls', 'cert.pem')],
    );
  }
  const all = places.map(async ([holder, path]) => {
    return expiryOf(await readNeeded(path, `the certificate of ${holder}`), { organization: mspId, holder, path }, now);
  });
  const revoked = await revokedSerialNumbers(organization);
  const counting = (await Promise.all(all)).filter(({ serialNumber }) => !revoked.has(serialNumber));
  return counting.sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
}
