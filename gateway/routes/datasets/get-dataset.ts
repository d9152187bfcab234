import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { datasetView } from '../schemas/records.ts';
import { datasetViewOf } from './dataset-view.ts';

export const getDataset = route({
  method: 'get',
  path: '/v1/datasets/:id',
  operation: 'dataset.get',
  summary: 'Get a dataset with its catalogue card',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['DATASET_NOT_FOUND'],
  params: z.strictObject({ id: idOf('dset') }),
  response: datasetView,
  async handle({ params }, { readModel }) {
    return { body: datasetViewOf(find(readModel, 'dataset', params.id), readModel) };
  },
});
