import type { GrantRecord, JobRecord, MspId } from '@d-cloud/chaincode/domain';
import { listAll } from '../../peer/list-all.ts';
import type { ReadModel } from '../../projection/index.ts';
import { type DerivedVersion, derivedVersion, versionsFrom } from '../lineage/derived-versions.ts';

const mostJobs = 200;

type Part = 'grantee' | 'executor' | 'owner of derived data';

/** What a revoke of this grant would touch, as the blocks that were read say. */
export type GrantImpact = {
  readonly running: number;
  readonly finished: number;
  /** Running ones first, then newest first, at most 200. */
  readonly jobs: readonly Pick<JobRecord, 'id' | 'state' | 'rows' | 'outputVersion'>[];
  /** Results of its jobs, and what came of those, at most 200. */
  readonly derived: readonly DerivedVersion[];
  readonly organizations: readonly { readonly mspId: MspId; readonly parts: readonly Part[] }[];
  readonly accesses: { readonly allowed: number; readonly denied: number };
  /** False where there is more than is shown. */
  readonly complete: boolean;
};

/**
 * Follows a grant to everything made with it: jobs and reads under it, the results, what others made of those, and the organizations
 * that have a part in it. Each job and read of a grant is its grantee's.
 */
export function grantImpact(readModel: ReadModel, grant: GrantRecord): GrantImpact {
  const { id, grantee } = grant;
  const jobs = listAll(readModel, 'job', { grant: id }).toReversed();
  const isRunning = ({ state }: { state: string }) => state === 'queued' || state === 'running';
  const running = jobs.filter(isRunning);
  const accesses = listAll(readModel, 'access', { owner: grantee, parent: grant.dataset }).filter(
    (access) => access.grant === id,
  );
  const { versions, more } = versionsFrom(
    readModel,
    jobs.map(({ outputVersion }) => outputVersion),
  );
  const derived = versions.map((version) => derivedVersion(readModel, version));
  const parts = new Map<MspId, Set<Part>>();
  const take = (mspId: MspId, part: Part) => parts.set(mspId, (parts.get(mspId) ?? new Set()).add(part));
  take(grantee, 'grantee');
  for (const { executors } of jobs) for (const mspId of executors) take(mspId, 'executor');
  for (const { owner } of derived) take(owner, 'owner of derived data');
  return {
    running: running.length,
    finished: jobs.length - running.length,
    jobs: [...running, ...jobs.filter((job) => !isRunning(job))]
      .slice(0, mostJobs)
      .map(({ id: job, state, rows, outputVersion }) => ({ id: job, state, rows, outputVersion })),
    derived,
    organizations: [...parts].map(([mspId, of]) => ({ mspId, parts: [...of] })),
    accesses: {
      allowed: accesses.filter(({ outcome }) => outcome === 'allowed').length,
      denied: accesses.filter(({ outcome }) => outcome === 'denied').length,
    },
    complete: !more && jobs.length <= mostJobs,
  };
}
