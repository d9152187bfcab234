import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { modelVersionView, modelView } from '../schemas/records.ts';

const shownVersions = 50;

export const getModel = route({
  method: 'get',
  path: '/v1/models/:id',
  operation: 'model.get',
  summary: 'Get a model with its newest versions',
  scope: 'models:read',
  idempotent: false,
  refusals: ['MODEL_NOT_FOUND'],
  params: z.strictObject({ id: idOf('modl') }),
  response: modelView
    .extend({ newest: z.array(modelVersionView).describe('Newest first, at most 50') })
    .meta({ id: 'ModelWithVersions' }),
  async handle({ params }, { readModel }) {
    const model = viewOf(find(readModel, 'model', params.id));
    const { items } = readModel.list('model-version', { parent: params.id }, { limit: shownVersions });
    return { body: { ...model, newest: items.map(viewOf) } };
  },
});
