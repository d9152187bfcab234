import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { erasable } from './erasure-impact.ts';
import { erasureRequest, erasureView } from './erasure-view.ts';
import { requestErasure } from './request-erasure.ts';

export const requestDatasetErasure = route({
  method: 'post',
  path: '/v1/datasets/:id/erasure',
  operation: 'dataset.requestErasure',
  summary:
    'Erase a dataset of yours: every version that is left, its keys, its blocks on every storage node, and its card',
  scope: 'datasets:admin',
  idempotent: true,
  status: 202,
  refusals: ['DATASET_NOT_FOUND', 'CALLER_NOT_OWNER', 'DATASET_HELD', 'ERASED', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('dset') }),
  body: erasureRequest,
  response: erasureView,
  async handle(request, services) {
    const { record } = find(services.readModel, 'dataset', request.params.id);
    const asked = { dataset: record.id, versions: erasable(services.readModel, record), whole: true };
    return requestErasure(asked, { ...request.body, id: record.id }, request, services);
  },
});
