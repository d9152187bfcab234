import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, text } from '../schemas/ids.ts';
import { datasetView } from '../schemas/records.ts';
import { datasetViewOf } from './dataset-view.ts';

export const releaseDataset = route({
  method: 'post',
  path: '/v1/datasets/:id/release',
  operation: 'dataset.release',
  summary: 'Release a dataset of yours that is held, so that it can be erased again',
  scope: 'holds:write',
  idempotent: true,
  refusals: ['DATASET_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('dset') }),
  body: z.strictObject({ reason: text(1, 500) }),
  response: datasetView,
  async handle({ params, body, submit }, { readModel }) {
    await submit('dataset:release', { dataset: params.id, reason: body.reason });
    return { body: datasetViewOf(find(readModel, 'dataset', params.id), readModel) };
  },
});
