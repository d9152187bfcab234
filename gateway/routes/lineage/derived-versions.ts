import type { DatasetId, MspId, VersionId } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import type { ReadModel } from '../../projection/index.ts';
import { idOf, mspId } from '../schemas/ids.ts';

/** Steps of lineage and versions that are looked at; what lies beyond is counted as not shown. */
const deepest = 32;
const mostVersions = 200;

export type DerivedVersion = {
  readonly version: VersionId;
  readonly dataset: DatasetId;
  readonly title?: string;
  readonly owner: MspId;
  readonly number: number;
};

export const derivedVersionView = z.object({
  version: idOf('vers'),
  dataset: idOf('dset'),
  title: z.string().optional(),
  owner: mspId,
  number: z.int(),
});

/** Published versions and everything downstream of them, each once, nearest first. */
export function versionsFrom(readModel: ReadModel, results: readonly VersionId[]) {
  const versions = new Set(results.filter((version) => readModel.get('version', version) !== undefined));
  let more = versions.size > mostVersions;
  for (const result of [...versions]) {
    if (versions.size >= mostVersions) break;
    const page = readModel.lineage(result, { direction: 'downstream', depth: deepest, limit: mostVersions });
    for (const { child } of page.items) versions.add(child);
    more ||= page.next !== undefined || versions.size > mostVersions;
  }
  return { versions: [...versions].slice(0, mostVersions), more };
}

export function derivedVersion(readModel: ReadModel, id: VersionId): DerivedVersion {
  const { dataset, owner, number } = readModel.get('version', id)!.record;
  const title = readModel.card(dataset)?.title;
  return { version: id, dataset, ...(title !== undefined && { title }), owner, number };
}
