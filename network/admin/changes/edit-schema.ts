import { X509Certificate } from 'node:crypto';
import { z } from 'zod';

/** One certificate in PEM that can be read. */
const Certificate = z
  .string()
  .max(16_384)
  .refine(isCertificate, 'must be one certificate in PEM')
  .meta({ override: { type: 'string', maxLength: 16_384 }, description: 'One X.509 certificate in PEM' });
const RevocationList = z
  .string()
  .max(1 << 20)
  .startsWith('-----BEGIN X509 CRL-----', 'must be a revocation list in PEM with the label X509 CRL');
const MspId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/, 'must be an MSP id');
const Address = z.string().regex(/^[A-Za-z0-9.:[\]-]{1,255}:\d{1,5}$/, 'must be host:port');
const Name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be a name of Fabric');
const Addresses = z.array(Address).max(64).readonly();

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0 && pem.indexOf('-----BEGIN', 1) === -1;
  } catch {
    return false;
  }
}

/** For BFT only: whose orderer it is, and its signing certificate. */
const bftIdentity = { mspId: MspId.exactOptional(), certificate: Certificate.exactOptional() };
const setConsenter = { address: Address, tlsCertificate: Certificate, ...bftIdentity };
const roots = {
  mspId: MspId,
  rootCertificate: Certificate.exactOptional(),
  tlsRootCertificate: Certificate.exactOptional(),
};

/** A change in words. Each is one proposal; what they do to whom, the review says. */
export const ConfigEdit = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('add-organization'),
    mspId: MspId,
    roots: z.strictObject({
      rootCertificate: Certificate,
      tlsRootCertificate: Certificate,
      revocationLists: z.array(RevocationList).max(8).readonly(),
    }),
    anchorPeers: Addresses.exactOptional(),
    ordererEndpoints: Addresses.exactOptional().describe('With endpoints it is an ordering organization too'),
  }),
  z.strictObject({ kind: z.literal('remove-organization'), mspId: MspId }),
  z.strictObject({
    kind: z.literal('set-policy'),
    path: z
      .string()
      .max(512)
      .startsWith('/Channel/', 'must be the path of a policy, such as /Channel/Application/Admins'),
    rule: z
      .string()
      .min(1)
      .max(4_096)
      .describe("`MAJORITY Admins` and the like, or a signature policy such as `OR('A.admin','B.admin')`"),
  }),
  z.strictObject({
    kind: z.literal('set-batch'),
    timeout: z.string().max(32).exactOptional().describe('Such as 500ms or 2s'),
    maxMessageCount: z.int().min(1).max(100_000).exactOptional(),
    absoluteMaxBytes: z
      .int()
      .min(1)
      .max(100 << 20)
      .exactOptional(),
    preferredMaxBytes: z
      .int()
      .min(1)
      .max(100 << 20)
      .exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('set-capability'),
    section: z.enum(['Channel', 'Orderer', 'Application']),
    name: Name,
  }),
  z.strictObject({ kind: z.literal('add-consenter'), ...setConsenter }),
  z.strictObject({ kind: z.literal('renew-consenter'), ...setConsenter }),
  z.strictObject({ kind: z.literal('remove-consenter'), address: Address }),
  z.strictObject({ kind: z.literal('set-anchor-peers'), mspId: MspId, addresses: Addresses }),
  z.strictObject({ kind: z.literal('set-orderer-endpoints'), mspId: MspId, addresses: Addresses }),
  z.strictObject({
    kind: z.literal('set-acl'),
    resource: z.string().regex(/^[A-Za-z_]+\/[A-Za-z]+$/, 'must be a resource such as event/Block'),
    policy: z.string().max(512).startsWith('/Channel/', 'must be the path of a policy'),
  }),
  z.strictObject({
    kind: z.literal('set-revocation-list'),
    mspId: MspId,
    lists: z.array(RevocationList).max(8).readonly(),
  }),
  z.strictObject({ kind: z.literal('add-roots'), ...roots }),
  z.strictObject({ kind: z.literal('remove-roots'), ...roots }),
]);
export type ConfigEdit = z.output<typeof ConfigEdit>;

export type EditOf<K extends ConfigEdit['kind']> = Extract<ConfigEdit, { kind: K }>;
/** A change of the orderers that agree, one at a time. */
export type ConsenterEdit = EditOf<'add-consenter' | 'renew-consenter' | 'remove-consenter'>;
