import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { pageOf, pageQuery, pageView, viewOf } from '../schemas/page.ts';
import { versionView } from './version-view.ts';

export const listVersions = route({
  method: 'get',
  path: '/v1/datasets/:id/versions',
  operation: 'version.list',
  summary: 'List the versions of a dataset, newest first',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['DATASET_NOT_FOUND'],
  params: z.strictObject({ id: idOf('dset') }),
  query: z.strictObject(pageQuery),
  response: pageOf(versionView),
  async handle({ params, query }, { readModel }) {
    find(readModel, 'dataset', params.id);
    return { body: pageView(readModel.list('version', { parent: params.id }, query), viewOf) };
  },
});
