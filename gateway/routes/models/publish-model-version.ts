import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { digest, idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { modelVersionView } from '../schemas/records.ts';

export const publishModelVersion = route({
  method: 'post',
  path: '/v1/models/:id/versions',
  operation: 'model.publishVersion',
  summary: "Publish a dataset version as the next version of a model; this is the owner's own approval",
  scope: 'models:write',
  idempotent: true,
  status: 201,
  refusals: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'CALLER_NOT_OWNER'],
  params: z.strictObject({ id: idOf('modl') }),
  body: z.strictObject({
    version: idOf('vers'),
    digest: digest.describe('SHA-256 of the ONNX file'),
    cardDigest: digest.describe('SHA-256 of the canonical model card'),
  }),
  response: modelVersionView,
  async handle({ params, body, submit }, { readModel }) {
    const { result } = await submit('model:publishVersion', { model: params.id, ...body });
    const recorded = find(readModel, 'model-version', `${params.id}:${result.number}`);
    return { body: viewOf(recorded), location: `/v1/models/${params.id}` };
  },
});
