import {
  type ConfigGroup,
  type Decoded,
  ImplicitMetaPolicy,
  implicitRules,
  MspRole,
  type Policy,
  type Principal,
  policyTypes,
  principalKinds,
  roles,
  SerializedIdentity,
  type SignaturePolicy,
  SignaturePolicyEnvelope,
} from '../messages/index.ts';
import type { Member } from './member.ts';

/** Finds the policy at `/Channel/…/Name` and the group it stands in. */
function find(root: ConfigGroup, path: string): { group: ConfigGroup; name: string } | undefined {
  const [section, ...parts] = path.split('/').filter((part) => part !== '');
  const name = parts.pop();
  let group: ConfigGroup | undefined = root;
  for (const part of parts) group = group?.groups.get(part);
  return section !== 'Channel' || name === undefined || group === undefined ? undefined : { group, name };
}

/**
 * Whether these members' signatures satisfy a policy of a configuration, principal by principal, as Fabric counts: a
 * signature counts once within a signature policy, and a group without the policy cannot agree. Members must be different.
 */
export function satisfiesPolicy(root: ConfigGroup, path: string, signers: readonly Member[]): boolean {
  const found = find(root, path);
  return found !== undefined && groupSatisfied(found.group, found.name, signers);
}

function groupSatisfied(group: ConfigGroup, name: string, signers: readonly Member[]): boolean {
  const policy = group.policies.get(name)?.policy;
  if (policy?.type === policyTypes.signature) return signatureSatisfied(policy, signers);
  if (policy?.type !== policyTypes.implicitMeta) return false;
  const { rule, subPolicy } = ImplicitMetaPolicy.decode(policy.value);
  const children = [...group.groups.values()];
  const agreed = children.filter((child) => groupSatisfied(child, subPolicy, signers)).length;
  if (children.length === 0) return true;
  switch (implicitRules[rule]) {
    case 'ANY':
      return agreed >= 1;
    case 'ALL':
      return agreed === children.length;
    case 'MAJORITY':
      return agreed >= Math.floor(children.length / 2) + 1;
    default:
      return false;
  }
}

function signatureSatisfied(policy: Decoded<typeof Policy>, signers: readonly Member[]): boolean {
  const { rule, identities } = SignaturePolicyEnvelope.decode(policy.value);
  return rule !== undefined && holds(rule, identities, signers, new Set()) !== undefined;
}

/** The signers used up when the rule holds, or undefined when it does not; Fabric takes them greedily, in order. */
function holds(
  rule: SignaturePolicy,
  principals: readonly Decoded<typeof Principal>[],
  signers: readonly Member[],
  used: ReadonlySet<Member>,
): ReadonlySet<Member> | undefined {
  if (rule.nOutOf !== undefined) {
    let taken = used;
    let agreed = 0;
    for (const part of rule.nOutOf.rules) {
      const after = holds(part, principals, signers, taken);
      if (after === undefined) continue;
      agreed += 1;
      taken = after;
    }
    return agreed >= rule.nOutOf.n ? taken : undefined;
  }
  const principal = rule.signedBy === undefined ? undefined : principals[rule.signedBy];
  const signer = signers.find((member) => principal !== undefined && !used.has(member) && is(member, principal));
  return signer === undefined ? undefined : new Set([...used, signer]);
}

function is(member: Member, { classification, principal }: Decoded<typeof Principal>): boolean {
  if (classification === principalKinds.role) {
    const { mspId, role } = MspRole.decode(principal);
    return member.mspId === mspId && (roles[role] === 'member' || roles[role] === member.role);
  }
  if (classification !== principalKinds.identity) return false;
  const { mspId, certificate } = SerializedIdentity.decode(principal);
  return member.mspId === mspId && member.certificate.raw.equals(derOf(certificate));
}

function derOf(pem: Uint8Array): Buffer {
  const body = /-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/.exec(Buffer.from(pem).toString('utf8'));
  return Buffer.from(body?.[1] ?? '', 'base64');
}
