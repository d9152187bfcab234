import type { ConfigGroup } from '../../ledger/messages/index.ts';
import { policyText } from '../config/policies.ts';
import { mspIdsOf } from './guard.ts';
import { among, type Formula, listingEffort, policyFormula, type Quorums, quorums } from './policy-algebra.ts';

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
  const members = mspIdsOf(root);
  const known = new Map<string, Quorums>();
  const effort = listingEffort();
  const of = (formula: Formula): Quorums => {
    const key = JSON.stringify(formula);
    const found = known.get(key) ?? quorums(formula, effort);
    known.set(key, found);
    return found;
  };
  // What is shared comes first: what a member writes into its own group uses up nothing that the others need.
  const paths = policyPaths(root).sort((a, b) => depth(a) - depth(b));
  return new Map(
    paths.map(
      (path) => [path, { rule: ruleAt(root, path), ...of(among(policyFormula(root, path), members)) }] as const,
    ),
  );
}

function depth(path: string): number {
  return path.split('/').length;
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
