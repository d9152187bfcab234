import {
  MspRole,
  PrincipalClassification,
  ROLES,
  type Role,
  SignaturePolicyEnvelope,
  type SignatureRule,
} from '../wire/policy.ts';

/**
 * Reads Fabric's policy language, `OutOf(2, 'A.peer', OR('B.peer', 'C.admin'))`, with AND, OR and OutOf in any case.
 * Throws a sentence on anything else.
 */
export function parsePolicy(text: string): SignaturePolicyEnvelope {
  const tokens = text.match(/\s+|[A-Za-z]+|'[^']*'|"[^"]*"|\d+|[(),]|./g)?.filter((token) => token.trim() !== '') ?? [];
  const principals: string[] = [];
  let at = 0;
  const wrong = (): never => {
    throw new Error(`The endorsement policy cannot be read near "${tokens[at] ?? 'its end'}": ${text}`);
  };
  const take = (token: string): void => {
    if (tokens[at++] !== token) wrong();
  };
  const rule = (): SignatureRule => {
    const token = tokens[at++] ?? wrong();
    if (/^['"]/.test(token)) return { signedBy: index(principals, token.slice(1, -1)) };
    const kind = token.toLowerCase();
    if (kind !== 'and' && kind !== 'or' && kind !== 'outof') wrong();
    take('(');
    let n = kind === 'outof' ? Number(tokens[at++] ?? wrong()) : 0;
    if (!Number.isInteger(n)) wrong();
    if (kind === 'outof') take(',');
    const rules = [rule()];
    while (tokens[at] === ',') {
      at++;
      rules.push(rule());
    }
    take(')');
    if (kind !== 'outof') n = kind === 'and' ? rules.length : 1;
    if (n > rules.length + 1) wrong();
    return { nOutOf: { n, rules } };
  };
  const whole = rule();
  if (at !== tokens.length) wrong();
  const decoded = SignaturePolicyEnvelope.encode({ rule: whole, identities: principals.map(principalOf) });
  return SignaturePolicyEnvelope.decode(decoded);
}

function index(principals: string[], principal: string): number {
  const known = principals.indexOf(principal);
  return known >= 0 ? known : principals.push(principal) - 1;
}

function principalOf(text: string): { classification: number; principal: Buffer } {
  const [, mspId, role] = /^(.+)\.(member|admin|client|peer|orderer)$/i.exec(text) ?? [];
  if (mspId === undefined || role === undefined) throw new Error(`No principal of an endorsement policy: ${text}`);
  return {
    classification: PrincipalClassification.ROLE,
    principal: MspRole.encode({ mspId, role: ROLES.indexOf(role.toLowerCase() as Role) }),
  };
}
