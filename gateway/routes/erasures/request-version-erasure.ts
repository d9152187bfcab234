import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { erasureRequest, erasureView } from './erasure-view.ts';
import { requestErasure } from './request-erasure.ts';

export const requestVersionErasure = route({
  method: 'post',
  path: '/v1/versions/:id/erasure',
  operation: 'version.requestErasure',
  summary:
    'Erase a version of yours: jobs over it end, its keys are destroyed, its blocks are removed from every storage node',
  scope: 'datasets:admin',
  idempotent: true,
  status: 202,
  refusals: ['VERSION_NOT_FOUND', 'CALLER_NOT_OWNER', 'DATASET_HELD', 'ERASED'],
  params: z.strictObject({ id: idOf('vers') }),
  body: erasureRequest,
  response: erasureView,
  async handle(request, services) {
    const { record } = find(services.readModel, 'version', request.params.id);
    const asked = { dataset: record.dataset, versions: [record.id], whole: false };
    return requestErasure(asked, { ...request.body, id: record.id }, request, services);
  },
});
