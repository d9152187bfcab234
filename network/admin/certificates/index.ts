export { attributesOf, organizationalUnits, roleAttribute } from './attributes.ts';
export {
  type Authority,
  type CertifiedKey,
  foundAuthority,
  issueIdentity,
  issueTls,
  type NodeRole,
} from './authority.ts';
export { type AuthorityKind, changeAuthority, formerAuthorities, nextAuthority } from './change-authority.ts';
export { type EnrolRequest, enrol, type Identity, listIdentities, openIdentity, renew } from './enrolment.ts';
export { type CertificateExpiry, type ExpiryWarning, expiryOf, expiryWarning, listExpiry } from './expiry.ts';
export { keyPem, privateKeyFrom } from './key-pair.ts';
export { type MspRoots, readMspRoots, readMspSigner, writeMsp } from './msp-directory.ts';
export {
  type FoundOrganizationRequest,
  foundOrganization,
  listOrganizations,
  mspRoots,
  type Organization,
  openOrganization,
  signingAuthority,
  tlsAuthority,
} from './organization.ts';
export { type RevokedCertificate, revocationList } from './revocation.ts';
export { revoke, type SignedList } from './revoke.ts';
export { revokedSerialNumbers } from './serial-registers.ts';
export { checkFitToStart, checkInForce } from './start-check.ts';
