import { Fault } from '../../ledger/fault.ts';
import {
  type Decoded,
  ImplicitMetaPolicy,
  type ImplicitRule,
  implicitRules,
  MalformedMessage,
  MspRole,
  type MspRoleName,
  OrganizationUnitPrincipal,
  type Policy,
  type Principal,
  policyTypes,
  principalKinds,
  roles,
  SerializedIdentity,
  type SignaturePolicy,
  SignaturePolicyEnvelope,
} from '../../ledger/messages/index.ts';
import { sha256 } from '../../ledger/signing.ts';

type PolicyMessage = Decoded<typeof Policy>;
type PrincipalMessage = Decoded<typeof Principal>;

/** Anybody of the organization who holds this role by node OU. */
export function rolePrincipal(mspId: string, role: MspRoleName): PrincipalMessage {
  const principal = MspRole.encode({ mspId, role: roles.indexOf(role) });
  return { classification: principalKinds.role, principal };
}

/** One certificate, byte for byte (PEM). */
export function identityPrincipal(mspId: string, certificate: string): PrincipalMessage {
  const principal = SerializedIdentity.encode({ mspId, certificate: Buffer.from(certificate) });
  return { classification: principalKinds.identity, principal };
}

/** At least `n` of the principals must sign. */
export function signaturePolicy(principals: readonly PrincipalMessage[], n = 1): PolicyMessage {
  return { type: policyTypes.signature, value: SignaturePolicyEnvelope.encode(signatureEnvelope(principals, n)) };
}

export function signatureEnvelope(principals: readonly PrincipalMessage[], n = 1) {
  const rules = principals.map((_, index): SignaturePolicy => ({ signedBy: index }));
  return { version: 0, rule: { nOutOf: { n, rules } }, identities: [...principals] };
}

/** ANY, ALL or MAJORITY of the groups below, each by its own policy of this name. */
export function implicitPolicy(rule: ImplicitRule, subPolicy: string): PolicyMessage {
  const value = ImplicitMetaPolicy.encode({ rule: implicitRules.indexOf(rule), subPolicy });
  return { type: policyTypes.implicitMeta, value };
}

/** Reads `ANY Readers`, `ALL Admins`, `MAJORITY Endorsement`. */
export function implicitPolicyFrom(text: string): PolicyMessage {
  const [rule, subPolicy, ...rest] = text.split(' ');
  if (!implicitRules.includes(rule as ImplicitRule) || !subPolicy || rest.length > 0) {
    throw new Fault('misconfigured', `"${text}" is not a policy: write ANY, ALL or MAJORITY and a policy name`);
  }
  return implicitPolicy(rule as ImplicitRule, subPolicy);
}

/** What is malformed is undefined: Fabric takes a member's policies into the channel without looking at all that is in them. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

/** The rule and principals of a signature policy; undefined where they cannot be read. */
export function readSignaturePolicy(bytes: Uint8Array): Decoded<typeof SignaturePolicyEnvelope> | undefined {
  return orUndefined(() => SignaturePolicyEnvelope.decode(bytes));
}

/** The MSP whose members a principal names; undefined for a principal that nobody here can be. */
export function principalMsp({ classification, principal }: PrincipalMessage): string | undefined {
  return orUndefined(() => {
    if (classification === principalKinds.role) return MspRole.decode(principal).mspId;
    if (classification === principalKinds.identity) return SerializedIdentity.decode(principal).mspId;
    if (classification === principalKinds.organizationUnit) return OrganizationUnitPrincipal.decode(principal).mspId;
    return undefined;
  });
}

function principalText(principal: PrincipalMessage): string {
  const mspId = principalMsp(principal);
  if (mspId === undefined) return 'unreadable';
  if (principal.classification === principalKinds.role) {
    return `${mspId}.${roles[MspRole.decode(principal.principal).role] ?? 'unknown role'}`;
  }
  if (principal.classification === principalKinds.identity) {
    const { certificate } = SerializedIdentity.decode(principal.principal);
    return `${mspId}#${sha256(certificate).toString('hex').slice(0, 8)}`;
  }
  return `${mspId}/ou=${OrganizationUnitPrincipal.decode(principal.principal).unit}`;
}

/** A policy in one readable line, such as `MAJORITY Admins` or `OR('Org1MSP.admin','Org1MSP.peer')`. */
export function policyText(policy: { type: number; value: Uint8Array } | undefined): string {
  if (policy === undefined) return 'none';
  if (policy.type === policyTypes.implicitMeta) {
    const { rule, subPolicy } = ImplicitMetaPolicy.decode(policy.value);
    return `${implicitRules[rule] ?? `rule ${rule}`} ${subPolicy}`;
  }
  if (policy.type !== policyTypes.signature) return `policy type ${policy.type}`;
  const envelope = readSignaturePolicy(policy.value);
  return envelope === undefined ? 'unreadable' : signatureText(envelope);
}

export function signatureText(envelope: Decoded<typeof SignaturePolicyEnvelope>): string {
  const names = envelope.identities.map(principalText);
  const text = (rule: SignaturePolicy): string => {
    if (rule.nOutOf === undefined) return `'${names[rule.signedBy ?? -1] ?? 'nobody'}'`;
    const { n, rules } = rule.nOutOf;
    const parts = rules.map(text).join(',');
    if (n === 1 && rules.length === 1) return parts;
    if (n === 1) return `OR(${parts})`;
    return n === rules.length ? `AND(${parts})` : `OutOf(${n},${parts})`;
  };
  return envelope.rule === undefined ? 'none' : text(envelope.rule);
}
