import { type Output, table } from '../output.ts';
import type { RestClient } from '../rest.ts';
import type { Place } from '../views.ts';

export type ErasureImpactView = {
  readonly versions: readonly string[];
  readonly grants: readonly { readonly id: string; readonly grantee: string }[];
  readonly jobs: readonly { readonly id: string; readonly requester: string; readonly rows: number }[];
  readonly derived: readonly { readonly version: string; readonly title?: string; readonly owner: string }[];
  readonly organizations: readonly { readonly mspId: string; readonly parts: readonly string[] }[];
  readonly heldBecause?: string;
  readonly complete: boolean;
};

export type ErasureView = {
  readonly id: string;
  readonly dataset: string;
  readonly versions: readonly string[];
  readonly state: 'requested' | 'erased';
  readonly certificate?: string;
  readonly progress?: {
    readonly keysDestroyedAt?: string;
    readonly nodes: readonly {
      readonly node: string;
      readonly organization: string;
      readonly outcome: string;
      readonly removed: number;
      readonly absent: number;
      readonly at: string;
      readonly detail?: string;
    }[];
    readonly certificate?: string;
  };
  readonly ledger: Place;
};

/** The path of what is erased: a version's or a dataset's. */
export function pathOf(id: string): string {
  return id.startsWith('dset_') ? `datasets/${id}` : `versions/${id}`;
}

export function erasureImpact(rest: RestClient, id: string): Promise<ErasureImpactView> {
  return rest.call('GET', `/${pathOf(id)}/erasure-impact`);
}

const shown = 10;

/** What an erasure ends and what it does not take back, for a person. */
export function erasureImpactText(id: string, impact: ErasureImpactView): string {
  const { versions, grants, jobs, derived, organizations, heldBecause, complete } = impact;
  return [
    `${id}: what an erasure touches`,
    `  versions: ${versions.length}`,
    ...listed(versions),
    `  grants left with nothing: ${grants.length}`,
    ...listed(grants.map((grant) => `${grant.id} of ${grant.grantee}`)),
    `  jobs that end: ${jobs.length}`,
    ...listed(jobs.map((job) => `${job.id} of ${job.requester}, ${job.rows} rows`)),
    `  derived versions, which stay: ${derived.length}${complete ? '' : ' or more'}`,
    ...listed(derived.map((one) => `${one.version} of ${one.owner}: ${one.title ?? 'untitled'}`)),
    `  organizations: ${organizations.map(({ mspId, parts }) => `${mspId} (${parts.join(', ')})`).join('; ')}`,
    ...(heldBecause === undefined ? [] : [`  It is held, and nothing of it can be erased: ${heldBecause}`]),
  ].join('\n');
}

function listed(lines: readonly string[]): string[] {
  const told = lines.slice(0, shown).map((line) => `    ${line}`);
  return lines.length > told.length ? [...told, `    and ${lines.length - told.length} more`] : told;
}

const lookMs = 300;

/** Shows storage nodes as they are found empty, until the erasure is recorded or time is up: then it goes on by itself. */
export async function watchErasure(
  rest: RestClient,
  output: Output,
  id: string,
  withinMs: number,
): Promise<ErasureView> {
  const until = performance.now() + withinMs;
  const look = () => rest.call<ErasureView>('GET', `/${pathOf(id)}/erasure`);
  let erasure = await look();
  const bar = output.progress('   erasing', 'storage nodes without it', 0);
  try {
    for (; erasure.state !== 'erased' && performance.now() < until; erasure = await look()) {
      const nodes = erasure.progress?.nodes ?? [];
      const away = nodes.filter(({ outcome }) => outcome === 'away').length;
      const keys = erasure.progress?.keysDestroyedAt === undefined ? '' : 'keys destroyed';
      bar.at(nodes.filter(({ outcome }) => outcome === 'absent').length, away > 0 ? `${keys}, ${away} away` : keys);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  } finally {
    bar.end();
  }
  return erasure;
}

/** How far an erasure is, for a person. */
export function erasureText(erasure: ErasureView, file: string | undefined): string {
  const { id, state, versions, progress, certificate } = erasure;
  const rows = (progress?.nodes ?? []).map((one) => [
    one.organization,
    one.node,
    one.outcome,
    String(one.removed),
    one.at,
  ]);
  return [
    `${id}: ${state === 'erased' ? 'erased' : 'under way, and done by itself when every storage node has answered or left'}, ${versions.length} versions`,
    ...(progress?.keysDestroyedAt === undefined ? [] : [`  keys destroyed at ${progress.keysDestroyedAt}`]),
    ...(rows.length === 0 ? [] : [table(['organization', 'storage node', 'found', 'blocks removed', 'asked'], rows)]),
    ...(certificate === undefined ? [] : [`  certificate ${certificate} is on the ledger`]),
    ...(file === undefined
      ? []
      : [`  written to ${file}; check it anywhere: dcloud erase verify ${file} --recorded ${certificate ?? ''}`]),
  ].join('\n');
}
