import type { ConfigGroup } from '../../ledger/messages/index.ts';
import { policyText } from '../config/policies.ts';
import { type Formula, policyFormula, type Quorums, quorums } from './policy-algebra.ts';

/** What a change does to one policy: who can approve and who can block, before and after. */
export interface PolicyImpact {
  readonly path: string;
  readonly before: PolicyPower | undefined;
  readonly after: PolicyPower | undefined;
  readonly changed: boolean;
}

export interface PolicyPower extends Quorums {
  /** The rule as it is written, such as `MAJORITY Admins`. */
  readonly rule: string;
}

/** Paths of all policies of a configuration, in order. */
export function policyPaths(root: ConfigGroup, path = '/Channel'): string[] {
  const own = [...root.policies.keys()].map((name) => `${path}/${name}`);
  const below = [...root.groups].flatMap(([name, group]) => policyPaths(group, `${path}/${name}`));
  return [...own, ...below].sort();
}

/** For every policy: who can approve, who can block. */
export function policyPowers(root: ConfigGroup): ReadonlyMap<string, PolicyPower> {
  const known = new Map<string, Quorums>();
  const of = (formula: Formula): Quorums => {
    const key = JSON.stringify(formula);
    const found = known.get(key) ?? quorums(formula);
    known.set(key, found);
    return found;
  };
  return new Map(
    policyPaths(root).map((path) => [path, { rule: ruleAt(root, path), ...of(policyFormula(root, path)) }] as const),
  );
}

function ruleAt(root: ConfigGroup, path: string): string {
  const parts = path.split('/').slice(2);
  const name = parts.pop()!;
  let group: ConfigGroup | undefined = root;
  for (const part of parts) group = group?.groups.get(part);
  return policyText(group?.policies.get(name)?.policy);
}

/** Every policy of either configuration with its powers in both; unchanged ones are marked so. */
export function policyImpact(before: ConfigGroup, after: ConfigGroup): PolicyImpact[] {
  const [was, is] = [policyPowers(before), policyPowers(after)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().map((path) => {
    const [old, now] = [was.get(path), is.get(path)];
    return { path, before: old, after: now, changed: JSON.stringify(old) !== JSON.stringify(now) };
  });
}
