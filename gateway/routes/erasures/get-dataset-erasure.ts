import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf } from '../schemas/ids.ts';
import { erasureBody, erasureOf, erasureView } from './erasure-view.ts';

export const getDatasetErasure = route({
  method: 'get',
  path: '/v1/datasets/:id/erasure',
  operation: 'dataset.getErasure',
  summary: 'Show the erasure of a dataset: its record, and to its owner how far it is and the certificate',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['DATASET_NOT_FOUND', 'ERASURE_NOT_FOUND'],
  params: z.strictObject({ id: idOf('dset') }),
  response: erasureView,
  async handle({ params }, services) {
    return { body: erasureBody(erasureOf(services.readModel, 'dataset', params.id), services) };
  },
});
