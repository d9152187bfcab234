import { z } from 'zod';
import { route } from '../../http/route.ts';
import { mspId } from '../schemas/ids.ts';
import { pageOf, pageQuery, pageView, viewOf } from '../schemas/page.ts';
import { modelView } from '../schemas/records.ts';

export const listModels = route({
  method: 'get',
  path: '/v1/models',
  operation: 'model.list',
  summary: "List the consortium's models, newest first",
  scope: 'models:read',
  idempotent: false,
  query: z.strictObject({ owner: mspId.optional(), ...pageQuery }),
  response: pageOf(modelView),
  async handle({ query }, { readModel }) {
    return { body: pageView(readModel.list('model', { owner: query.owner }, query), viewOf) };
  },
});
