import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, text } from '../schemas/ids.ts';
import { datasetView } from '../schemas/records.ts';
import { datasetViewOf } from './dataset-view.ts';

export const retireDataset = route({
  method: 'post',
  path: '/v1/datasets/:id/retire',
  operation: 'dataset.retire',
  summary: 'Retire a dataset: no new version, grant, job or read of it',
  scope: 'datasets:write',
  idempotent: true,
  refusals: ['DATASET_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('dset') }),
  body: z.strictObject({ reason: text(1, 500) }),
  response: datasetView,
  async handle({ params, body, submit }, { readModel }) {
    await submit('dataset:retire', { dataset: params.id, reason: body.reason });
    return { body: datasetViewOf(find(readModel, 'dataset', params.id), readModel) };
  },
});
