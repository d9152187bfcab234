import type { ConfigGroup, ConfigPolicy, ConfigValue } from '../wire/config.ts';
import type { Wire } from '../wire/message.ts';

/** An element of a configuration by its place: what it is and the names of the groups above it. */
export type ConfigElement = {
  readonly name: string;
  /** Names of the groups above, `Channel` first. */
  readonly above: readonly string[];
} & (
  | { readonly kind: 'group'; readonly content: ConfigGroup }
  | { readonly kind: 'value'; readonly content: Wire<typeof ConfigValue> }
  | { readonly kind: 'policy'; readonly content: Wire<typeof ConfigPolicy> }
);

/** Elements by the key that Fabric's messages name them with, `[Value]  /Channel/Orderer/BatchSize`. */
export type ConfigElements = Map<string, ConfigElement>;

const prefixes = { group: '[Group]  ', value: '[Value]  ', policy: '[Policy] ' } as const;
const keyOf = (kind: ConfigElement['kind'], path: readonly string[]): string => `${prefixes[kind]}/${path.join('/')}`;

/** A configuration tree laid flat; an absent tree has no element. Throws Fabric's words for names that none may have. */
export function elementsOf(channel: ConfigGroup | undefined): ConfigElements {
  const elements: ConfigElements = new Map();
  const add = (element: ConfigElement): void => {
    const why = illegalName(element.name);
    if (why !== undefined) throw new Error(`illegal characters in key: ${prefixes[element.kind]}: ${why}`);
    elements.set(keyOf(element.kind, [...element.above, element.name]), element);
  };
  const walk = (name: string, above: readonly string[], content: ConfigGroup): void => {
    add({ kind: 'group', name, above, content });
    const path = [...above, name];
    for (const [child, group] of Object.entries(content.groups ?? {})) walk(child, path, group);
    for (const [child, value] of Object.entries(content.values ?? {}))
      add({ kind: 'value', name: child, above: path, content: value });
    for (const [child, policy] of Object.entries(content.policies ?? {}))
      add({ kind: 'policy', name: child, above: path, content: policy });
  };
  if (channel !== undefined) walk('Channel', [], channel);
  return elements;
}

/** The tree that flat elements make: a group holds what its own element names, each as the element of that key says. */
export function treeOf(elements: ConfigElements, path: readonly string[] = ['Channel']): ConfigGroup {
  const found = elements.get(keyOf('group', path));
  if (found?.kind !== 'group') throw new Error(`missing group at path: ${keyOf('group', path)}`);
  const { version, modPolicy, groups, values, policies } = found.content;
  const leaf = <K extends 'value' | 'policy'>(kind: K, name: string) => {
    const element = elements.get(keyOf(kind, [...path, name]));
    if (element?.kind !== kind) throw new Error(`missing ${kind} at path: ${keyOf(kind, [...path, name])}`);
    return element.content as Extract<ConfigElement, { kind: K }>['content'];
  };
  const each = <T>(names: Readonly<Record<string, unknown>> | undefined, make: (name: string) => T) =>
    Object.fromEntries(Object.keys(names ?? {}).map((name) => [name, make(name)]));
  return {
    version,
    modPolicy,
    groups: each(groups, (name) => treeOf(elements, [...path, name])),
    values: each(values, (name) => leaf('value', name)),
    policies: each(policies, (name) => leaf('policy', name)),
  };
}

const LONGEST_NAME = 249;

/** Why no element may bear this name, in Fabric's words. */
export function illegalName(name: string): string | undefined {
  if (name.length === 0) return 'config ID illegal, cannot be empty';
  if (name.length > LONGEST_NAME) return `config ID illegal, cannot be longer than ${LONGEST_NAME}`;
  if (name === '.' || name === '..') return `name '${name}' for config ID is not allowed`;
  return /^[a-zA-Z0-9.-]+$/.test(name) ? undefined : `config ID '${name}' contains illegal characters`;
}
