import { Fault } from '../../ledger/fault.ts';
import {
  type ConfigGroup,
  ImplicitMetaPolicy,
  implicitRules,
  policyTypes,
  type SignaturePolicy,
  SignaturePolicyEnvelope,
} from '../../ledger/messages/index.ts';
import { principalMsp } from '../config/policies.ts';

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
}

const nobody: Formula = { kind: 'atLeast', n: 1, of: [] };
/** 2^n sets are looked at; beyond this many organizations it would take minutes. */
const mostOrganizations = 18;

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
  if (policy.type === policyTypes.signature) return signatureFormula(SignaturePolicyEnvelope.decode(policy.value));
  if (policy.type !== policyTypes.implicitMeta) return nobody;
  const { rule, subPolicy } = ImplicitMetaPolicy.decode(policy.value);
  // A group without that policy cannot agree, but it counts.
  const of = [...group.groups.values()].map((child) => groupFormula(child, subPolicy));
  return { kind: 'atLeast', n: threshold(rule, of.length), of };
}

/** With no group below, Fabric's implicit policies ask for nobody. */
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
      throw new Fault('corrupt', `implicit policy rule ${rule} is unknown`);
  }
}

/** Any signature policy, such as an endorsement policy of a chaincode. */
export function signatureFormula(envelope: ReturnType<typeof SignaturePolicyEnvelope.decode>): Formula {
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
  if (formula.kind === 'organization') return existing.has(formula.mspId) ? formula : nobody;
  return { ...formula, of: formula.of.map((part) => among(part, existing)) };
}

/** Who can approve, and who can block: the minimal sets of either kind. */
export function quorums(formula: Formula): Quorums {
  const organizations = organizationsIn(formula);
  if (organizations.length > mostOrganizations) {
    throw new Fault('misconfigured', `${organizations.length} organizations are too many to list every set of them`);
  }
  const all = 2 ** organizations.length - 1;
  const holds = compile(formula, organizations);
  const sets = Array.from({ length: all + 1 }, (_, set) => set).sort((a, b) => bits(a) - bits(b) || a - b);
  const minimal = (test: (set: number) => boolean) => {
    const found: number[] = [];
    for (const set of sets) {
      if (!found.some((smaller) => (smaller & set) === smaller) && test(set)) found.push(set);
    }
    return found.map((set) => organizations.filter((_, place) => (set >> place) & 1));
  };
  return { approve: minimal(holds), block: minimal((set) => !holds(all & ~set)) };
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
