import type { CertificateExpiry, Identity } from '@d-cloud/network/admin';
import { z } from 'zod';

export const certificateView = z
  .object({
    organization: z.string(),
    holder: z.string().describe('What it is, such as "peer (TLS)"'),
    path: z.string().describe('The file, or the channel in whose configuration it stands'),
    serialNumber: z.string(),
    notAfter: z.string(),
    daysLeft: z.int().describe('Negative after the end'),
    warning: z.enum(['expired', '7 days', '30 days', '90 days']).optional(),
  })
  .meta({ id: 'Certificate' });

export function certificateBody({ fingerprint: _, notAfter, warning, ...told }: CertificateExpiry) {
  return { ...told, notAfter: notAfter.toISOString(), ...(warning === undefined ? {} : { warning }) };
}

/** An identity that was issued. Its keys stay where they are; only certificates are shown. */
export const identityView = z
  .object({
    name: z.string(),
    mspId: z.string(),
    directory: z.string().describe("On the authority's machine"),
    certificate: z.string(),
    tlsCertificate: z.string(),
  })
  .meta({ id: 'IssuedIdentity' });

export function identityBody({ name, mspId, directory, signer, tls }: Identity) {
  return { name, mspId, directory, certificate: signer.certificate, tlsCertificate: tls.certificate };
}

export const identityName = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be a name of a-z, 0-9, - and _');
export const identityParams = z.strictObject({ name: identityName });
export const days = z.int().min(1).max(3_650);
