import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { erasureImpact } from './erasure-impact.ts';
import { erasureImpactView } from './impact-view.ts';

export const getVersionErasureImpact = route({
  method: 'get',
  path: '/v1/versions/:id/erasure-impact',
  operation: 'version.getErasureImpact',
  summary: 'Preview the erasure of a version: grants, jobs, derived versions and organizations it has to do with',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['VERSION_NOT_FOUND'],
  params: z.strictObject({ id: idOf('vers') }),
  response: erasureImpactView,
  async handle({ params }, { readModel }) {
    const { record: version } = find(readModel, 'version', params.id);
    const { record: dataset } = find(readModel, 'dataset', version.dataset);
    const { block } = readModel;
    return { body: { dataset: dataset.id, ...erasureImpact(readModel, dataset, [version.id], false), block } };
  },
});
