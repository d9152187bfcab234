import type { VersionId } from '@d-cloud/chaincode/domain';
import type { LineageEdge, ReadModel } from '../../projection/index.ts';
import { viewOf } from '../schemas/page.ts';

/** What the ids of some edges stand for: versions with their datasets' titles, jobs, model versions, each with its place on the ledger. */
export function lineageNames(start: VersionId, edges: readonly LineageEdge[], readModel: ReadModel) {
  const versions = new Set([start, ...edges.flatMap(({ child, parent }) => [child, parent])]);
  const jobs = new Set(edges.flatMap(({ job }) => job ?? []));
  const models = new Set(edges.flatMap(({ model }) => model ?? []));
  return {
    versions: [...versions].flatMap((id) => versionName(id, readModel)),
    jobs: [...jobs].flatMap((id) => {
      const job = readModel.get('job', id);
      if (job?.visible !== true) return [];
      const { requester, purpose, state, ledger } = viewOf(job);
      return [{ id, requester, purpose, state, ledger }];
    }),
    models: [...models].flatMap((name) => {
      const version = readModel.get('model-version', name);
      if (version === undefined) return [];
      const { model, digest, ledger } = viewOf(version);
      return [{ name, model, title: readModel.get('model', model)?.record.name ?? model, digest, ledger }];
    }),
  };
}

function versionName(id: VersionId, readModel: ReadModel) {
  const version = readModel.get('version', id);
  if (version === undefined) return [];
  const { dataset, owner, number, rows, ledger } = viewOf(version);
  const title = readModel.card(dataset)?.title;
  return [{ id, dataset, ...(title !== undefined && { title }), owner, number, rows, ledger }];
}
