import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { erasable, erasureImpact } from './erasure-impact.ts';
import { erasureImpactView } from './impact-view.ts';

export const getDatasetErasureImpact = route({
  method: 'get',
  path: '/v1/datasets/:id/erasure-impact',
  operation: 'dataset.getErasureImpact',
  summary: 'Preview the erasure of a whole dataset: grants, jobs, derived versions and organizations it has to do with',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['DATASET_NOT_FOUND'],
  params: z.strictObject({ id: idOf('dset') }),
  response: erasureImpactView,
  async handle({ params }, { readModel }) {
    const { record: dataset } = find(readModel, 'dataset', params.id);
    const { block } = readModel;
    const versions = erasable(readModel, dataset);
    return { body: { dataset: dataset.id, ...erasureImpact(readModel, dataset, versions, true), block } };
  },
});
