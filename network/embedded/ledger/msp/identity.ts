import { type KeyObject, verify } from 'node:crypto';
import type { Role } from '../wire/policy.ts';
import { isLowS } from './signature.ts';

/** Who a principal of a policy may be satisfied by. */
export interface Principal {
  readonly mspId: string;
  readonly role: Role;
}

/** A certificate of one organization, with the roles that its node OUs give. */
export interface Identity {
  readonly mspId: string;
  /** Everything but 'member', which every sound identity of the organization has. */
  readonly roles: ReadonlySet<Role>;
  readonly units: readonly string[];
  readonly serialized: Buffer;
  /** Why this certificate must not be trusted, if so. Its signatures then count for nothing. */
  readonly problem: string | undefined;
  /** Milliseconds. Fabric checks expiry at some of its doors, never when it judges a certificate. */
  readonly notAfter: number;
  readonly key: KeyObject;
}

/** Whether this identity made a signature (DER, low s) over these bytes. */
export function signed(identity: Identity, bytes: Uint8Array, signature: Uint8Array): boolean {
  return isLowS(signature) && verify('sha256', bytes, identity.key, signature);
}

export function hasRole(identity: Identity, { mspId, role }: Principal): boolean {
  if (identity.problem !== undefined || identity.mspId !== mspId) return false;
  return role === 'member' || identity.roles.has(role);
}
