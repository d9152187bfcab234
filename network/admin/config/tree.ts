import { Fault } from '../../ledger/fault.ts';
import type { ConfigGroup } from '../../ledger/messages/index.ts';

/** An empty group guarded, like everything we write, by the `Admins` policy of where it stands. */
export function newGroup(modPolicy = 'Admins'): ConfigGroup {
  return { version: 0, groups: new Map(), values: new Map(), policies: new Map(), modPolicy };
}

/** The group at a path below the channel's group, such as `['Application', 'Org1MSP']`. */
export function groupAt(root: ConfigGroup, path: readonly string[]): ConfigGroup {
  let group = root;
  for (const name of path) {
    const next = group.groups.get(name);
    if (next === undefined) throw new Fault('misconfigured', `the channel has no group /Channel/${path.join('/')}`);
    group = next;
  }
  return group;
}

/** Sets a value, keeping the version and guard of the one before. */
export function setValue(group: ConfigGroup, name: string, value: Uint8Array, modPolicy = 'Admins'): void {
  const before = group.values.get(name);
  group.values.set(name, { version: before?.version ?? 0, value, modPolicy: before?.modPolicy ?? modPolicy });
}

/** Sets a policy, keeping the version and guard of the one before. */
export function setPolicy(
  group: ConfigGroup,
  name: string,
  policy: { type: number; value: Uint8Array },
  modPolicy = 'Admins',
): void {
  const before = group.policies.get(name);
  group.policies.set(name, { version: before?.version ?? 0, policy, modPolicy: before?.modPolicy ?? modPolicy });
}
