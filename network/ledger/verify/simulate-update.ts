import { Fault } from '../fault.ts';
import {
  type ConfigGroup,
  type ConfigPolicy,
  ConfigUpdate,
  type ConfigValue,
  type Decoded,
} from '../messages/index.ts';

export type ElementKind = 'group' | 'value' | 'policy';

/** One element that an update touches, and the policy that must agree to it. */
export interface TouchedElement {
  readonly kind: ElementKind;
  /** `/Channel/Application/Org1MSP/Admins`. */
  readonly path: string;
  readonly change: 'changed' | 'added' | 'removed';
  /** Path of the policy that guards it; an added element is guarded by its group's change alone. */
  readonly guard: string | undefined;
}

/** What the orderers would make of an update if enough signatures came with it. */
export interface Simulation {
  readonly channel: string;
  readonly after: ConfigGroup;
  readonly touched: readonly TouchedElement[];
}

/** An update that was made for another state of the configuration: signatures for it are void. */
export class StaleUpdate extends Fault {
  constructor(path: string, expected: number, found: number | undefined) {
    const is = found === undefined ? 'is gone' : `is at version ${found}`;
    super('contended', `the update was made for version ${expected} of ${path}, which ${is}: propose it again`);
  }
}

/** A guard as a path: relative names belong to the group that holds the element, or to the group itself. */
export function guardPath(modPolicy: string, group: string): string {
  return modPolicy.startsWith('/') ? modPolicy : `${group}/${modPolicy}`;
}

/** Applies an update (`common.ConfigUpdate` bytes) to a configuration by Fabric's rules; throws where orderers would. */
export function simulateUpdate(update: Uint8Array, current: ConfigGroup): Simulation {
  const { channelId, readSet, writeSet } = parseUpdate(update);
  const touched: TouchedElement[] = [];
  checkRead(readSet, current, '/Channel');
  const after = applyGroup({ current, read: readSet, write: writeSet, path: '/Channel' }, touched);
  if (touched.length === 0) throw new Fault('misconfigured', 'the update changes nothing');
  return { channel: channelId, after, touched };
}

type Update = Decoded<typeof ConfigUpdate>;

export function parseUpdate(update: Uint8Array): Update & { readSet: ConfigGroup; writeSet: ConfigGroup } {
  const parsed = ConfigUpdate.decode(update);
  const { readSet, writeSet } = parsed;
  if (readSet === undefined || writeSet === undefined)
    throw new Fault('corrupt', 'the update has no read or write set');
  return { ...parsed, readSet, writeSet };
}

function checkRead(read: ConfigGroup, current: ConfigGroup | undefined, path: string): void {
  if (current === undefined || read.version !== current.version)
    throw new StaleUpdate(path, read.version, current?.version);
  for (const kind of ['values', 'policies'] as const) {
    for (const [name, { version }] of read[kind]) {
      const found = current[kind].get(name)?.version;
      if (found !== version) throw new StaleUpdate(`${path}/${name}`, version, found);
    }
  }
  for (const [name, group] of read.groups) checkRead(group, current.groups.get(name), `${path}/${name}`);
}

interface GroupStep {
  readonly current: ConfigGroup | undefined;
  readonly read: ConfigGroup | undefined;
  readonly write: ConfigGroup;
  readonly path: string;
}

function checkVersion(path: string, version: number, current: number | undefined): void {
  const expected = current === undefined ? 0 : current + 1;
  if (version !== expected) throw new StaleUpdate(path, version - 1, current);
}

function applyGroup(step: GroupStep, touched: TouchedElement[]): ConfigGroup {
  const { current, read, write, path } = step;
  const changed = read === undefined || read.version !== write.version;
  if (changed) {
    checkVersion(path, write.version, current?.version);
    const guard = current === undefined ? undefined : guardPath(current.modPolicy, path);
    touched.push({ kind: 'group', path, change: current === undefined ? 'added' : 'changed', guard });
    if (current !== undefined) listRemoved(current, write, path, touched);
  }
  const members = changed ? write : current!;
  const leaves = <E extends ConfigValue | ConfigPolicy>(kind: 'values' | 'policies', elementKind: ElementKind) => {
    const of = (group: ConfigGroup | undefined) => group?.[kind] as Map<string, E> | undefined;
    const result = new Map(changed ? [] : of(members));
    for (const [name, element] of of(write)!) {
      const at = `${path}/${name}`;
      const before = of(current)?.get(name);
      if (of(read)?.get(name)?.version === element.version) {
        if (changed) result.set(name, before!);
        continue;
      }
      checkVersion(at, element.version, before?.version);
      if (before === undefined && !changed) {
        throw new Fault('misconfigured', `the update adds ${at} without changing its group`);
      }
      const guard = before === undefined ? undefined : guardPath(before.modPolicy, path);
      touched.push({ kind: elementKind, path: at, change: before === undefined ? 'added' : 'changed', guard });
      result.set(name, element);
    }
    return result;
  };
  return {
    version: write.version,
    modPolicy: changed ? write.modPolicy : current!.modPolicy,
    values: leaves<ConfigValue>('values', 'value'),
    policies: leaves<ConfigPolicy>('policies', 'policy'),
    groups: applyGroups(step, changed, touched),
  };
}

function applyGroups({ current, read, write, path }: GroupStep, changed: boolean, touched: TouchedElement[]) {
  const result = new Map(changed ? [] : current!.groups);
  for (const [name, group] of write.groups) {
    const [before, was] = [current?.groups.get(name), read?.groups.get(name)];
    if (before === undefined && !changed) {
      throw new Fault('misconfigured', `the update adds ${path}/${name} without changing its group`);
    }
    result.set(name, applyGroup({ current: before, read: was, write: group, path: `${path}/${name}` }, touched));
  }
  return result;
}

function listRemoved(current: ConfigGroup, write: ConfigGroup, path: string, touched: TouchedElement[]): void {
  const guard = guardPath(current.modPolicy, path);
  const kinds = [
    ['values', 'value'],
    ['policies', 'policy'],
    ['groups', 'group'],
  ] as const;
  for (const [kind, elementKind] of kinds) {
    for (const name of current[kind].keys()) {
      if (write[kind].has(name)) continue;
      touched.push({ kind: elementKind, path: `${path}/${name}`, change: 'removed', guard });
    }
  }
}
