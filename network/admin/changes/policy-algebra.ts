import {
  type ConfigGroup,
  type Decoded,
  ImplicitMetaPolicy,
  implicitRules,
  policyTypes,
  type SignaturePolicy,
  type SignaturePolicyEnvelope,
} from '../../ledger/messages/index.ts';
import { principalMsp, readSignaturePolicy } from '../config/policies.ts';

/** A policy as a threshold tree over organizations: an organization's signature, or at least `n` of several. */
export type Formula =
  | { readonly kind: 'organization'; readonly mspId: string }
  | { readonly kind: 'atLeast'; readonly n: number; readonly of: readonly Formula[] };

/** Sets of organizations, each without a needless member; the smallest first. */
export interface Quorums {
  /** Each of these can approve alone. Empty: nobody can. One empty set: anybody may. */
  readonly approve: readonly (readonly string[])[];
  /** Each of these can stop an approval by doing nothing. */
  readonly block: readonly (readonly string[])[];
  /** Why larger sets are missing: there, both lists hold sets of one organization only. */
  readonly uncounted?: string;
}

const nobody: Formula = { kind: 'atLeast', n: 1, of: [] };
const anybody: Formula = { kind: 'atLeast', n: 0, of: [] };
/**
 * Parts of formulas that are looked at, set by set, before listing gives up: well under 100 ms. Any member puts policies of any length
 * into its own group, and every gateway reads them.
 */
const mostSteps = 2 ** 21;

/** The policy at `/Channel/…/Name` as a formula; a policy that is missing is one that nobody satisfies. */
export function policyFormula(root: ConfigGroup, path: string): Formula {
  const parts = path.split('/').filter((part) => part !== '');
  const name = parts.pop();
  let group: ConfigGroup | undefined = root;
  for (const part of parts.slice(1)) group = group?.groups.get(part);
  return name === undefined || group === undefined || parts[0] !== 'Channel' ? nobody : groupFormula(group, name);
}

function groupFormula(group: ConfigGroup, name: string): Formula {
  const policy = group.policies.get(name)?.policy;
  if (policy === undefined) return nobody;
  if (policy.type === policyTypes.signature) {
    const envelope = readSignaturePolicy(policy.value);
    return envelope === undefined ? nobody : signatureFormula(envelope);
  }
  if (policy.type !== policyTypes.implicitMeta) return nobody;
  const { rule, subPolicy } = ImplicitMetaPolicy.decode(policy.value);
  // A group without that policy cannot agree, but it counts.
  const of = [...group.groups.values()].map((child) => groupFormula(child, subPolicy));
  return { kind: 'atLeast', n: threshold(rule, of.length), of };
}

/** With no group below, or by a rule that it does not know, Fabric's implicit policies ask for nobody. */
function threshold(rule: number, groups: number): number {
  if (groups === 0) return 0;
  switch (implicitRules[rule]) {
    case 'ANY':
      return 1;
    case 'ALL':
      return groups;
    case 'MAJORITY':
      return Math.floor(groups / 2) + 1;
    default:
      return 0;
  }
}

/** Any signature policy, such as an endorsement policy of a chaincode. */
export function signatureFormula(envelope: Decoded<typeof SignaturePolicyEnvelope>): Formula {
  const mspIds = envelope.identities.map(principalMsp);
  const read = (rule: SignaturePolicy): Formula => {
    if (rule.nOutOf !== undefined) return { kind: 'atLeast', n: rule.nOutOf.n, of: rule.nOutOf.rules.map(read) };
    const mspId = rule.signedBy === undefined ? undefined : mspIds[rule.signedBy];
    return mspId === undefined ? nobody : { kind: 'organization', mspId };
  };
  return envelope.rule === undefined ? nobody : read(envelope.rule);
}

/** All of several policies, as the guards of one update are. */
export function allOf(formulas: readonly Formula[]): Formula {
  return { kind: 'atLeast', n: formulas.length, of: formulas };
}

export function organizationsIn(formula: Formula): string[] {
  const found = formula.kind === 'organization' ? [formula.mspId] : formula.of.flatMap(organizationsIn);
  return [...new Set(found)].sort();
}

/** Whether these organizations' signatures are enough. */
export function isSatisfied(formula: Formula, signed: ReadonlySet<string>): boolean {
  if (formula.kind === 'organization') return signed.has(formula.mspId);
  return formula.of.filter((part) => isSatisfied(part, signed)).length >= formula.n;
}

/** The formula with organizations that do not exist taken as never signing. */
export function among(formula: Formula, existing: ReadonlySet<string>): Formula {
  return given(formula, (mspId) => (existing.has(mspId) ? undefined : false));
}

/** What is left of a formula once some organizations have agreed (true) or never will (false), with no needless part. */
function given(formula: Formula, settled: (mspId: string) => boolean | undefined): Formula {
  if (formula.kind === 'organization') {
    const answer = settled(formula.mspId);
    if (answer === undefined) return formula;
    return answer ? anybody : nobody;
  }
  const parts = formula.of.map((part) => given(part, settled));
  const of = parts.filter((part) => part !== nobody && part !== anybody);
  const n = formula.n - parts.filter((part) => part === anybody).length;
  if (n <= 0) return anybody;
  const [first] = of;
  if (first === undefined || of.length < n) return nobody;
  const alone = first.kind === 'organization' && of.every((part) => 'mspId' in part && part.mspId === first.mspId);
  return alone ? first : { kind: 'atLeast', n, of };
}

/**
 * The smallest sets of organizations, of those that may still sign, that would satisfy the formula together with who `signed`;
 * where they are too many to list, one of them.
 */
export function completing(
  formula: Formula,
  signed: ReadonlySet<string>,
  maySign: (mspId: string) => boolean,
): readonly (readonly string[])[] {
  const open = given(formula, (mspId) => signed.has(mspId) || (maySign(mspId) ? undefined : false));
  const { approve, uncounted } = quorums(open);
  if (uncounted === undefined) return approve;
  const without = (set: readonly string[], one: string) => set.filter((mspId) => mspId !== one);
  const needed = organizationsIn(open).reduceRight(
    (set, one) => (isSatisfied(open, new Set(without(set, one))) ? without(set, one) : set),
    organizationsIn(open),
  );
  return [needed];
}

/** What may be spent on listing sets; one for all policies of a configuration. */
export function listingEffort(): { steps: number } {
  return { steps: mostSteps };
}

/** Who can approve, and who can block: the minimal sets of either kind, as far as `effort` reaches. */
export function quorums(formula: Formula, effort = listingEffort()): Quorums {
  const organizations = organizationsIn(formula);
  const holds = compile(formula, organizations);
  const steps = 2 ** organizations.length * (sizeOf(formula) + organizations.length);
  if (steps > effort.steps) return singles(formula, organizations);
  effort.steps -= steps;
  const all = 2 ** organizations.length - 1;
  const table = Uint8Array.from({ length: all + 1 }, (_, set) => Number(holds(set)));
  // Thresholds stay satisfied when somebody more signs, so a set is minimal when it needs each of its members.
  const minimal = (test: (set: number) => boolean) => {
    const needless = (set: number) => organizations.some((_, place) => (set >> place) & 1 && test(set & ~(1 << place)));
    const found = Array.from(table.keys()).filter((set) => test(set) && !needless(set));
    const sorted = found.sort((a, b) => bits(a) - bits(b) || a - b);
    return sorted.map((set) => organizations.filter((_, place) => (set >> place) & 1));
  };
  return { approve: minimal((set) => table[set] === 1), block: minimal((set) => table[all & ~set] === 0) };
}

function singles(formula: Formula, organizations: readonly string[]): Quorums {
  const without = (one: string) => new Set(organizations.filter((mspId) => mspId !== one));
  return {
    approve: organizations.filter((one) => isSatisfied(formula, new Set([one]))).map((one) => [one]),
    block: organizations.filter((one) => !isSatisfied(formula, without(one))).map((one) => [one]),
    uncounted: `not computed, names too many: sets of ${organizations.length} organizations`,
  };
}

function sizeOf(formula: Formula): number {
  return formula.kind === 'organization' ? 1 : formula.of.reduce((size, part) => size + sizeOf(part), 1);
}

function compile(formula: Formula, organizations: readonly string[]): (set: number) => boolean {
  if (formula.kind === 'organization') {
    const place = organizations.indexOf(formula.mspId);
    return (set) => ((set >> place) & 1) === 1;
  }
  const parts = formula.of.map((part) => compile(part, organizations));
  return (set) => parts.filter((part) => part(set)).length >= formula.n;
}

function bits(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
