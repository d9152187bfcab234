import { Acls, Capabilities, type ConfigGroup, policyTypes } from '../../ledger/messages/index.ts';
import { readMsp } from '../../ledger/verify/channel-config.ts';
import { guardPath } from '../../ledger/verify/simulate-update.ts';
import { principalMsp, readSignaturePolicy } from '../config/policies.ts';
import { brokenOrdering } from './guard-ordering.ts';
import { foreignRoots } from './guard-roots.ts';
import { among, isSatisfied, policyFormula } from './policy-algebra.ts';

/** Why a change must not be signed: Fabric would take it, or take it and regret. */
export interface Objection {
  readonly code:
    | 'UNKNOWN_CAPABILITY'
    | 'POLICY_MISSING'
    | 'POLICY_UNSATISFIABLE'
    | 'POLICY_OPEN'
    | 'MSP_TWICE'
    | 'MSP_WITHOUT_ADMINS'
    | 'ROOT_OF_ANOTHER'
    | 'NAMES_ABSENT_MSP'
    | 'CONSENTERS'
    | 'BATCH'
    | 'ACL_WITHOUT_POLICY';
  readonly path: string;
  readonly sentence: string;
}

/** What the lowest version of Fabric among all members' peers and orderers understands. */
export interface Versions {
  /** The lowest version that any member runs. */
  readonly lowest: '2.5' | '3.1';
  /** Who runs what, for sentences, such as `BirchMSP 2.5, CedarMSP unknown`. */
  readonly told?: string;
}

const capabilities = {
  Channel: { '2.5': ['V1_3', 'V1_4_2', 'V1_4_3', 'V2_0'], '3.1': ['V1_3', 'V1_4_2', 'V1_4_3', 'V2_0', 'V3_0'] },
  Orderer: { '2.5': ['V1_1', 'V1_4_2', 'V2_0'], '3.1': ['V1_1', 'V1_4_2', 'V2_0'] },
  Application: {
    '2.5': ['V1_1', 'V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5'],
    '3.1': ['V1_1', 'V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5'],
  },
} as const;

/**
 * What a proposed configuration makes wrong; `before` is the one in force. What is wrong there already is no objection: a member can
 * break its own group alone, and would stop every change of the others, its removal included.
 */
export function objections(before: ConfigGroup, after: ConfigGroup, versions: Versions): Objection[] {
  const isOld = alreadyIn(before, versions);
  return flaws(before, after, versions).filter((flaw) => !isOld(flaw));
}

/** What is wrong with the configuration in force and stays so. */
export function standing(before: ConfigGroup, after: ConfigGroup, versions: Versions): Objection[] {
  const kept = flaws(before, after, versions).filter(alreadyIn(before, versions));
  return kept.map((flaw) => ({ ...flaw, sentence: `${flaw.path}, wrong already: ${flaw.sentence}` }));
}

function alreadyIn(config: ConfigGroup, versions: Versions): (flaw: Objection) => boolean {
  const key = ({ code, path, sentence }: Objection) => JSON.stringify([code, path, sentence]);
  const known = new Set(flaws(config, config, versions).map(key));
  return (flaw) => known.has(key(flaw));
}

function flaws(before: ConfigGroup, after: ConfigGroup, versions: Versions): Objection[] {
  return [
    ...unknownCapabilities(before, after, versions),
    ...doubledMsps(after),
    ...adminlessMsps(after),
    ...brokenPolicies(after),
    ...brokenOrdering(before, after),
    ...foreignRoots(before, after),
    ...aclsWithoutPolicy(after),
  ];
}

/** Peers let nobody in by an access rule whose policy is not there, and Fabric takes such a rule. */
function* aclsWithoutPolicy(root: ConfigGroup): Generator<Objection> {
  const value = root.groups.get('Application')?.values.get('ACLs')?.value;
  if (value === undefined) return;
  for (const [resource, { policyRef }] of Acls.decode(value).acls) {
    // As Fabric reads it: a name without a path is one of the application's policies.
    const path = policyRef.startsWith('/') ? policyRef : `/Channel/Application/${policyRef}`;
    const [section, ...names] = path.slice(1).split('/');
    const name = names.pop() ?? '';
    const group = names.reduce<ConfigGroup | undefined>((at, each) => at?.groups.get(each), root);
    if (section === 'Channel' && group?.policies.has(name)) continue;
    const sentence = `${resource} would be for nobody: there is no policy ${path}`;
    yield { code: 'ACL_WITHOUT_POLICY', path: '/Channel/Application/ACLs', sentence };
  }
}

/** One unknown name makes every peer of the channel panic on that block, for ever. Whoever is still there knows those in force. */
function* unknownCapabilities(
  before: ConfigGroup,
  after: ConfigGroup,
  { lowest, told }: Versions,
): Generator<Objection> {
  for (const section of ['Channel', 'Orderer', 'Application'] as const) {
    const named = (root: ConfigGroup) => {
      const value = (section === 'Channel' ? root : root.groups.get(section))?.values.get('Capabilities')?.value;
      return value === undefined ? [] : [...Capabilities.decode(value).capabilities.keys()];
    };
    const known: readonly string[] = [...capabilities[section][lowest], ...named(before)];
    for (const name of named(after)) {
      if (known.includes(name)) continue;
      const path = section === 'Channel' ? '/Channel/Capabilities' : `/Channel/${section}/Capabilities`;
      const sentence = `${name} is not understood by Fabric ${lowest}, which members run${told === undefined ? '' : ` (${told})`}: each such process would end at that block and never start again`;
      yield { code: 'UNKNOWN_CAPABILITY', path, sentence };
    }
  }
}

/** One MSP in two groups of a section is two votes in every majority. */
function* doubledMsps(root: ConfigGroup): Generator<Objection> {
  for (const section of ['Application', 'Orderer']) {
    const seen = new Map<string, string>();
    for (const [name, group] of [...(root.groups.get(section)?.groups ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const value = group.values.get('MSP')?.value;
      if (value === undefined) continue;
      const { mspId } = readMsp(value);
      const other = seen.get(mspId);
      seen.set(mspId, name);
      if (other === undefined) continue;
      const path = `/Channel/${section}/${name}`;
      const sentence = `${mspId} stands under ${other} and ${name}: it would count twice in every majority`;
      yield { code: 'MSP_TWICE', path, sentence };
    }
  }
}

/** Without node OUs, or with none for admins, an MSP's admins are those it lists; we write none. */
function* adminlessMsps(root: ConfigGroup): Generator<Objection> {
  for (const section of ['Application', 'Orderer']) {
    for (const [name, group] of root.groups.get(section)?.groups ?? []) {
      const value = group.values.get('MSP')?.value;
      const msp = value === undefined ? undefined : readMsp(value);
      if (msp !== undefined && msp.rootCertificates.length > 0 && msp.nodeOUs?.admin) continue;
      const path = `/Channel/${section}/${name}/MSP`;
      const sentence = `no certificate could be an admin of ${name}: its MSP needs a root and the node OU admin`;
      yield { code: 'MSP_WITHOUT_ADMINS', path, sentence };
    }
  }
}

/** All MSP ids that a configuration knows. */
export function mspIdsOf(root: ConfigGroup): Set<string> {
  const members = ['Application', 'Orderer'].flatMap((section) => [
    ...(root.groups.get(section)?.groups.values() ?? []),
  ]);
  return new Set(members.flatMap(({ values }) => (values.has('MSP') ? [readMsp(values.get('MSP')!.value).mspId] : [])));
}

function* brokenPolicies(root: ConfigGroup): Generator<Objection> {
  const existing = mspIdsOf(root);
  const guards = new Set<string>();
  yield* walk(root, '/Channel', existing, guards);
  for (const path of guards) yield* checkPower(root, path, existing, true);
}

function* walk(group: ConfigGroup, path: string, existing: Set<string>, guards: Set<string>): Generator<Objection> {
  for (const { modPolicy } of [group, ...group.values.values(), ...group.policies.values()]) {
    guards.add(guardPath(modPolicy, path));
  }
  for (const [name, { policy }] of group.policies) {
    if (policy?.type !== policyTypes.signature) continue;
    const named = readSignaturePolicy(policy.value)?.identities.map(
      (one) => principalMsp(one) ?? 'something unreadable',
    );
    const absent = (named ?? ['something unreadable']).find((mspId) => !existing.has(mspId));
    if (absent === undefined) continue;
    const sentence = `the policy names ${absent}, which is not in the channel: nobody can ever sign for it`;
    yield { code: 'NAMES_ABSENT_MSP', path: `${path}/${name}`, sentence };
  }
  for (const [name, child] of group.groups) yield* walk(child, `${path}/${name}`, existing, guards);
}

/** A policy that guards something must be there, be satisfiable by members, and not be satisfied by nobody at all. */
function* checkPower(root: ConfigGroup, path: string, existing: Set<string>, guard: boolean): Generator<Objection> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  let group: ConfigGroup | undefined = root;
  for (const part of path.split('/').slice(2, -1)) group = group?.groups.get(part);
  if (group?.policies.get(name)?.policy === undefined) {
    const sentence = `there is no policy ${path}, which guards parts of the configuration: nobody could ever change them again`;
    if (guard) yield { code: 'POLICY_MISSING', path, sentence };
    return;
  }
  const formula = among(policyFormula(root, path), existing);
  if (!isSatisfied(formula, existing)) {
    const sentence = 'no set of members can satisfy this policy: what it guards could never be changed again';
    yield { code: 'POLICY_UNSATISFIABLE', path, sentence };
  } else if (isSatisfied(formula, new Set())) {
    const sentence = 'this policy asks for nobody: anyone could change what it guards';
    yield { code: 'POLICY_OPEN', path, sentence };
  }
}
