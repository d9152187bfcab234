import { z } from 'zod';
import { route } from '../../http/route.ts';
import { mspId, text } from '../schemas/ids.ts';
import { pageOf, pageQuery, pageView } from '../schemas/page.ts';
import { datasetView, modality } from '../schemas/records.ts';
import { datasetViewOf } from './dataset-view.ts';

export const searchDatasets = route({
  method: 'get',
  path: '/v1/datasets',
  operation: 'dataset.list',
  summary: "Search the consortium's catalogue, newest first",
  scope: 'datasets:read',
  idempotent: false,
  query: z.strictObject({
    query: text(1, 200)
      .optional()
      .describe('Words that titles, descriptions or keywords begin with; all must be found'),
    modality: modality.optional(),
    owner: mspId.optional(),
    ...pageQuery,
  }),
  response: pageOf(datasetView),
  async handle({ query }, { readModel }) {
    const page = readModel.searchDatasets({ text: query.query, modality: query.modality, owner: query.owner }, query);
    return { body: pageView(page, (recorded) => datasetViewOf(recorded, readModel)) };
  },
});
