import {
  MspRole,
  OrganizationUnit,
  PrincipalClassification,
  ROLES,
  type SignaturePolicyEnvelope,
  type SignatureRule,
} from '../wire/policy.ts';
import { hasRole, type Identity } from './identity.ts';

/** Whether a set of signers satisfies a rule. Each signer stands for one signature over the same bytes. */
export interface Policy {
  satisfiedBy(signers: readonly Identity[]): boolean;
  /** Fabric's words for why these signers do not satisfy it. */
  refusal(signers: readonly Identity[]): string;
}

type Matches = (identity: Identity) => boolean;

/** A signature policy. As in Fabric one signer counts once, and a branch that fails gives back the signers it took. */
export function signaturePolicy(envelope: SignaturePolicyEnvelope): Policy {
  const principals = envelope.identities.map(({ classification, principal }) => matcher(classification, principal));
  const { rule } = envelope;
  if (rule === undefined) throw new Error('Empty policy element');
  sound(rule, principals.length);
  return {
    satisfiedBy: (signers) => holds(rule, principals, signers, new Array<boolean>(signers.length).fill(false)),
    refusal: () => 'signature set did not satisfy policy',
  };
}

function sound(rule: SignatureRule, principals: number): void {
  if (rule.nOutOf === undefined) {
    const at = rule.signedBy ?? 0;
    if (at < 0 || at >= principals)
      throw new Error(`identity index out of range, requested ${at}, but identities length is ${principals}`);
    return;
  }
  for (const inner of rule.nOutOf.rules ?? []) sound(inner, principals);
}

function holds(
  rule: SignatureRule,
  principals: readonly Matches[],
  signers: readonly Identity[],
  used: boolean[],
): boolean {
  if (rule.nOutOf === undefined) {
    const matches = principals[rule.signedBy ?? 0]!;
    const found = signers.findIndex((signer, i) => !used[i] && matches(signer));
    if (found >= 0) used[found] = true;
    return found >= 0;
  }
  let count = 0;
  for (const inner of rule.nOutOf.rules ?? []) {
    const tried = [...used];
    if (!holds(inner, principals, signers, tried)) continue;
    count++;
    used.splice(0, used.length, ...tried);
  }
  return count >= (rule.nOutOf.n ?? 0);
}

function matcher(classification: number, principal: Buffer): Matches {
  switch (classification) {
    case PrincipalClassification.ROLE: {
      const { mspId, role: number } = MspRole.decode(principal);
      const role = ROLES[number];
      if (role === undefined) return () => false;
      return (identity) => hasRole(identity, { mspId, role });
    }
    case PrincipalClassification.ORGANIZATION_UNIT: {
      const { mspId, unit } = OrganizationUnit.decode(principal);
      return (identity) => hasRole(identity, { mspId, role: 'member' }) && identity.units.includes(unit);
    }
    case PrincipalClassification.IDENTITY:
      return (identity) => identity.problem === undefined && identity.serialized.equals(principal);
    default:
      return () => false;
  }
}
