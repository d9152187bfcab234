import { Fault } from '../../ledger/fault.ts';
import { type ConfigGroup, type ConfigPolicy, ConfigUpdate, type ConfigValue } from '../../ledger/messages/index.ts';
import { newGroup } from '../config/tree.ts';

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

function sameValue(a: ConfigValue, b: ConfigValue): boolean {
  return a.modPolicy === b.modPolicy && same(a.value, b.value);
}

function samePolicy(a: ConfigPolicy, b: ConfigPolicy): boolean {
  if (a.modPolicy !== b.modPolicy || a.policy?.type !== b.policy?.type) return false;
  return a.policy === undefined || same(a.policy.value, b.policy!.value);
}

/** A group's read and write set, and whether anything in it differs. */
interface Delta {
  readonly read: ConfigGroup;
  readonly write: ConfigGroup;
  readonly equal: boolean;
}

/**
 * Fabric's delta of two trees. A changed element goes into the write set with its version raised, a new one with version 0.
 * A group names its unchanged members, by version alone and in both sets, only when its own membership or guard changes,
 * for then its version rises and whoever is not named in it is gone.
 */
function delta(from: ConfigGroup, to: ConfigGroup): Delta {
  const read: ConfigGroup = { ...newGroup(''), version: from.version };
  const write: ConfigGroup = { ...newGroup(''), version: from.version };
  const unchanged: (() => void)[] = [];
  let ownChange = from.modPolicy !== to.modPolicy;
  let innerChange = false;
  const both = <E>(name: string, kind: (group: ConfigGroup) => Map<string, E>, bare: E) => {
    kind(read).set(name, bare);
    kind(write).set(name, bare);
  };
  const leaves = <E extends { version: number }>(
    kind: (group: ConfigGroup) => Map<string, E>,
    equal: (a: E, b: E) => boolean,
    bare: (version: number) => E,
  ) => {
    for (const name of names(kind(from), kind(to))) {
      const before = kind(from).get(name);
      const after = kind(to).get(name);
      if (after === undefined || before === undefined) ownChange = true;
      if (after === undefined) continue;
      if (before === undefined) kind(write).set(name, { ...after, version: 0 });
      else if (equal(before, after)) unchanged.push(() => both(name, kind, bare(before.version)));
      else {
        innerChange = true;
        kind(write).set(name, { ...after, version: before.version + 1 });
      }
    }
  };
  leaves(
    ({ values }) => values,
    sameValue,
    (version) => ({ version, value: new Uint8Array(0), modPolicy: '' }),
  );
  leaves(
    ({ policies }) => policies,
    samePolicy,
    (version) => ({ version, modPolicy: '' }),
  );
  for (const name of names(from.groups, to.groups)) {
    const before = from.groups.get(name);
    const after = to.groups.get(name);
    if (after === undefined || before === undefined) ownChange = true;
    if (after === undefined) continue;
    if (before === undefined) write.groups.set(name, asNew(after));
    else {
      const inner = delta(before, after);
      if (inner.equal)
        unchanged.push(() => both(name, ({ groups }) => groups, { ...newGroup(''), version: before.version }));
      else {
        innerChange = true;
        read.groups.set(name, inner.read);
        write.groups.set(name, inner.write);
      }
    }
  }
  if (ownChange) {
    for (const name of unchanged) name();
    write.version = from.version + 1;
    write.modPolicy = to.modPolicy;
  }
  return { read, write, equal: !ownChange && !innerChange };
}

function names(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): Set<string> {
  return new Set([...a.keys(), ...b.keys()]);
}

function asNew(group: ConfigGroup): ConfigGroup {
  const zero = <E extends object>(map: ReadonlyMap<string, E>, change: (element: E) => E) =>
    new Map([...map].map(([name, element]) => [name, change(element)] as const));
  return {
    ...group,
    version: 0,
    values: zero(group.values, (value) => ({ ...value, version: 0 })),
    policies: zero(group.policies, (policy) => ({ ...policy, version: 0 })),
    groups: zero(group.groups, asNew),
  };
}

/** The update (`common.ConfigUpdate` bytes) that turns one configuration into another; refuses when they are equal. */
export function configUpdate(channel: string, from: ConfigGroup, to: ConfigGroup): Uint8Array {
  const { read, write, equal } = delta(from, to);
  if (equal) throw new Fault('misconfigured', 'the configuration wanted is the one in force');
  return ConfigUpdate.encode({ channelId: channel, readSet: read, writeSet: write });
}

/** A copy whose maps may be changed; the bytes inside are shared, for nobody changes them. */
export function copyGroup(group: ConfigGroup): ConfigGroup {
  const copied = <E extends object>(map: ReadonlyMap<string, E>, copy: (element: E) => E) =>
    new Map([...map].map(([name, element]) => [name, copy(element)] as const));
  return {
    ...group,
    values: copied(group.values, (value) => ({ ...value })),
    policies: copied(group.policies, (policy) => ({ ...policy })),
    groups: copied(group.groups, copyGroup),
  };
}
