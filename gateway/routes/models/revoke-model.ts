import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { text } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { modelVersionView } from '../schemas/records.ts';
import { modelVersionParams } from './model-version-params.ts';

export const revokeModel = route({
  method: 'post',
  path: '/v1/models/:id/versions/:number/revoke',
  operation: 'model.revoke',
  summary: "Revoke a model's version: no new job runs it",
  scope: 'models:write',
  idempotent: true,
  refusals: ['MODEL_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: modelVersionParams,
  body: z.strictObject({ reason: text(1, 500) }),
  response: modelVersionView,
  async handle({ params, body, submit }, { readModel }) {
    await submit('model:revoke', { model: params.id, number: params.number, reason: body.reason });
    return { body: viewOf(find(readModel, 'model-version', `${params.id}:${params.number}`)) };
  },
});
