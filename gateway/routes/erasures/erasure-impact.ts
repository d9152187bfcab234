import type { DatasetRecord, GrantId, JobRecord, MspId, VersionId } from '@d-cloud/chaincode/domain';
import { listAll } from '../../peer/list-all.ts';
import type { ReadModel } from '../../projection/index.ts';
import { type DerivedVersion, derivedVersion, versionsFrom } from '../lineage/derived-versions.ts';

const mostJobs = 200;

type Part = 'grantee' | 'requester' | 'executor' | 'owner of derived data' | 'holder of blocks';

/** What an erasure would touch, as the blocks that were read say. */
export type ErasureImpact = {
  readonly versions: readonly VersionId[];
  /** Issued grants that end up with nothing of these versions. */
  readonly grants: readonly { readonly id: GrantId; readonly grantee: MspId }[];
  /** Jobs over them, or with a model that they hold, that have not ended: an erasure ends them. At most 200. */
  readonly jobs: readonly Pick<JobRecord, 'id' | 'state' | 'rows' | 'requester'>[];
  /** What came of them: stays. At most 200. */
  readonly derived: readonly DerivedVersion[];
  readonly organizations: readonly { readonly mspId: MspId; readonly parts: readonly Part[] }[];
  /** Why it would be refused now; absent where it would not. */
  readonly heldBecause?: string;
  readonly complete: boolean;
};

/** Versions of a dataset that are neither erased nor being erased. */
export function erasable(readModel: Pick<ReadModel, 'list'>, dataset: DatasetRecord): readonly VersionId[] {
  return listAll(readModel, 'version', { parent: dataset.id }).flatMap(({ id, erasure }) =>
    erasure === undefined ? [id] : [],
  );
}

/** Follows versions of a dataset to everything that an erasure of them has to do with. */
export function erasureImpact(
  readModel: ReadModel,
  dataset: DatasetRecord,
  versions: readonly VersionId[],
  whole: boolean,
): ErasureImpact {
  const grants = listAll(readModel, 'grant', { parent: dataset.id, state: 'issued' }).filter(
    ({ terms }) => whole || (terms.versions.length > 0 && terms.versions.every((id) => versions.includes(id))),
  );
  const jobs = (['queued', 'running'] as const)
    .flatMap((state) => listAll(readModel, 'job', { state }))
    .filter((job) => versions.includes(job.version) || versions.includes(job.modelVersion));
  const found = versionsFrom(readModel, versions);
  const derived = found.versions.filter((id) => !versions.includes(id)).map((id) => derivedVersion(readModel, id));
  const parts = new Map<MspId, Set<Part>>();
  const take = (mspId: MspId, part: Part) => parts.set(mspId, (parts.get(mspId) ?? new Set()).add(part));
  for (const { grantee } of grants) take(grantee, 'grantee');
  for (const { requester, executors } of jobs) {
    take(requester, 'requester');
    for (const mspId of executors) take(mspId, 'executor');
  }
  for (const { owner } of derived) take(owner, 'owner of derived data');
  for (const { organization, state } of listAll(readModel, 'storage-node'))
    if (state !== 'left') take(organization, 'holder of blocks');
  return {
    versions,
    grants: grants.map(({ id, grantee }) => ({ id, grantee })),
    jobs: jobs.slice(0, mostJobs).map(({ id, state, rows, requester }) => ({ id, state, rows, requester })),
    derived,
    organizations: [...parts].map(([mspId, of]) => ({ mspId, parts: [...of] })),
    ...(dataset.hold === undefined ? {} : { heldBecause: dataset.hold.reason }),
    complete: !found.more && jobs.length <= mostJobs,
  };
}
