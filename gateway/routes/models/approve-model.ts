import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { viewOf } from '../schemas/page.ts';
import { modelVersionView } from '../schemas/records.ts';
import { modelVersionParams } from './model-version-params.ts';

export const approveModel = route({
  method: 'post',
  path: '/v1/models/:id/versions/:number/approve',
  operation: 'model.approve',
  summary: "Approve a model's version for this organization",
  scope: 'models:write',
  idempotent: true,
  refusals: ['MODEL_NOT_FOUND', 'MODEL_REVOKED', 'STATE_CONFLICT'],
  params: modelVersionParams,
  body: z.strictObject({}).optional(),
  response: modelVersionView,
  async handle({ params, submit }, { readModel }) {
    await submit('model:approve', { model: params.id, number: params.number });
    return { body: viewOf(find(readModel, 'model-version', `${params.id}:${params.number}`)) };
  },
});
