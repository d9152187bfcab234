import { Fault } from '../../ledger/fault.ts';
import {
  type Decoded,
  type MspRoleName,
  type Policy,
  type Principal,
  policyTypes,
  roles,
  type SignaturePolicy,
  SignaturePolicyEnvelope,
} from '../../ledger/messages/index.ts';
import { implicitPolicyFrom, rolePrincipal } from './policies.ts';

type Envelope = Decoded<typeof SignaturePolicyEnvelope>;

/** Policies are short; deeper or longer text is a mistake or an attack. */
const deepest = 16;
const longest = 10_000;

/**
 * Reads a signature policy as Fabric's tools write it: `AND('A.peer', OR('B.peer','C.admin'))`, `OutOf(2, …)`. Principals
 * are `mspId.role`; equal ones share a place.
 */
export function signaturePolicyFrom(text: string): Envelope {
  if (text.length > longest) throw wrong(text.slice(0, 40), 'it is too long');
  const tokens = text.match(/'[^']*'|[A-Za-z]+|\d+|[(),]|\S/g) ?? [];
  const identities: Decoded<typeof Principal>[] = [];
  const places = new Map<string, number>();
  let at = 0;
  const next = () => tokens[at++];
  const take = (token: string) => {
    const found = next();
    if (found !== token) throw wrong(text, `it has ${found ?? 'its end'} where ${token} should be`);
  };
  const place = (principal: string): number => {
    const known = places.get(principal);
    if (known !== undefined) return known;
    identities.push(principalFrom(principal, text));
    places.set(principal, identities.length - 1);
    return identities.length - 1;
  };
  const list = (depth: number): SignaturePolicy[] => {
    const rules = [expression(depth + 1)];
    while (tokens[at] === ',') {
      at += 1;
      rules.push(expression(depth + 1));
    }
    take(')');
    return rules;
  };
  const expression = (depth: number): SignaturePolicy => {
    if (depth > deepest) throw wrong(text, 'it is nested too deeply');
    const token = next();
    if (token?.startsWith("'") && token.length > 1) return { signedBy: place(token.slice(1, -1)) };
    const name = token?.toLowerCase();
    if (name !== 'and' && name !== 'or' && name !== 'outof') throw wrong(text, `"${token ?? ''}" is no rule`);
    take('(');
    if (name !== 'outof') {
      const rules = list(depth);
      return { nOutOf: { n: name === 'and' ? rules.length : 1, rules } };
    }
    const n = Number(next());
    take(',');
    const rules = list(depth);
    if (!Number.isInteger(n) || n < 1 || n > rules.length)
      throw wrong(text, `${n} of ${rules.length} cannot be asked for`);
    return { nOutOf: { n, rules } };
  };
  const rule = expression(0);
  if (at < tokens.length) throw wrong(text, `"${tokens[at]}" follows its end`);
  return { version: 0, rule, identities };
}

/** Reads either kind of policy: `MAJORITY Admins`, or a signature policy. */
export function policyFrom(text: string): Decoded<typeof Policy> {
  if (/^(and|or|outof)\s*\(|^'/i.test(text.trim())) {
    return { type: policyTypes.signature, value: SignaturePolicyEnvelope.encode(signaturePolicyFrom(text)) };
  }
  return implicitPolicyFrom(text);
}

function principalFrom(principal: string, text: string): Decoded<typeof Principal> {
  const dot = principal.lastIndexOf('.');
  const role = principal.slice(dot + 1).toLowerCase() as MspRoleName;
  if (dot < 1 || !roles.includes(role)) throw wrong(text, `'${principal}' is no principal: write 'OrgMSP.peer'`);
  return rolePrincipal(principal.slice(0, dot), role);
}

function wrong(text: string, why: string): Fault {
  return new Fault('misconfigured', `"${text}" is not a signature policy: ${why}`);
}
