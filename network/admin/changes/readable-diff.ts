import type { ConfigGroup } from '../../ledger/messages/index.ts';
import { type DescribedGroup, describeGroup } from '../config/describe-config.ts';

/** One difference between two configurations in readable form; a whole group that comes or goes is one. */
export interface ReadableChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Values decoded, policies as their rule, groups as JSON. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What is different after a change, by path. */
export function readableDiff(before: ConfigGroup, after: ConfigGroup): ReadableChange[] {
  return [...compare(describeGroup(before), describeGroup(after), '/Channel')];
}

function* compare(before: DescribedGroup, after: DescribedGroup, path: string): Generator<ReadableChange> {
  if (before.modPolicy !== after.modPolicy) {
    yield { path: `${path} (guard)`, change: 'changed', before: before.modPolicy, after: after.modPolicy };
  }
  const content = (element: object): object => {
    const { version: _, ...rest } = element as { version: number };
    return rest;
  };
  for (const kind of ['policies', 'values'] as const) {
    for (const name of names(before[kind], after[kind])) {
      const [was, is] = [before[kind][name], after[kind][name]];
      yield* difference(`${path}/${name}`, was && content(was), is && content(is));
    }
  }
  for (const name of names(before.groups, after.groups)) {
    const [was, is] = [before.groups[name], after.groups[name]];
    if (was !== undefined && is !== undefined) yield* compare(was, is, `${path}/${name}`);
    else yield* difference(`${path}/${name}`, was, is);
  }
}

function names(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

function* difference(path: string, before: unknown, after: unknown): Generator<ReadableChange> {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  if (before === undefined) yield { path, change: 'added', after };
  else if (after === undefined) yield { path, change: 'removed', before };
  else yield { path, change: 'changed', before, after };
}
