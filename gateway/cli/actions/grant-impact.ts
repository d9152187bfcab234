import type { RestClient } from '../rest.ts';

export type GrantImpactView = {
  readonly grant: string;
  readonly state: string;
  readonly running: number;
  readonly finished: number;
  readonly jobs: readonly { readonly id: string; readonly state: string; readonly rows: number }[];
  readonly derived: readonly {
    readonly version: string;
    readonly title?: string;
    readonly owner: string;
    readonly number: number;
  }[];
  readonly organizations: readonly { readonly mspId: string; readonly parts: readonly string[] }[];
  readonly accesses: { readonly allowed: number; readonly denied: number };
  readonly complete: boolean;
};

/** What a revoke of a grant would touch. */
export function grantImpact(rest: RestClient, grant: string): Promise<GrantImpactView> {
  return rest.call('GET', `/grants/${grant}/impact`);
}

const shown = 10;

/** The same for a person: what ends, and what a revoke does not take back. */
export function grantImpactText(impact: GrantImpactView): string {
  const { grant, state, running, finished, jobs, derived, organizations, accesses, complete } = impact;
  const ending = jobs.filter((job) => job.state === 'queued' || job.state === 'running');
  return [
    `${grant} (${state}): what a revoke touches`,
    `  jobs that end: ${running}`,
    ...listed(
      ending.map(({ id, rows }) => `${id}, ${rows} rows`),
      running,
    ),
    `  jobs that have ended, whose results stay: ${finished}`,
    `  derived versions, which stay: ${derived.length}${complete ? '' : ' or more'}`,
    ...listed(
      derived.map((one) => `${one.version} of ${one.owner}: ${one.title ?? 'untitled'}, version ${one.number}`),
      derived.length,
    ),
    `  reads so far: ${accesses.allowed} allowed, ${accesses.denied} denied`,
    `  organizations: ${organizations.map(({ mspId, parts }) => `${mspId} (${parts.join(', ')})`).join('; ')}`,
  ].join('\n');
}

function listed(lines: readonly string[], total: number): string[] {
  const told = lines.slice(0, shown).map((line) => `    ${line}`);
  return total > told.length ? [...told, `    and ${total - told.length} more`] : told;
}
