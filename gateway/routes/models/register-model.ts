import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, text } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { modelTask, modelView } from '../schemas/records.ts';

export const registerModel = route({
  method: 'post',
  path: '/v1/models',
  operation: 'model.register',
  summary: 'Register a model whose versions lie in a dataset of modality `model`',
  scope: 'models:write',
  idempotent: true,
  status: 201,
  refusals: ['DATASET_NOT_FOUND', 'CALLER_NOT_OWNER', 'DATASET_RETIRED', 'RECORD_INVALID'],
  body: z.strictObject({
    dataset: idOf('dset'),
    name: text(1, 200),
    task: modelTask,
    approvalsNeeded: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe("Organizations that must approve a version; the owner's publication counts"),
  }),
  response: modelView,
  async handle({ body, mint, submit }, { readModel }) {
    const id = mint('modl');
    await submit('model:register', { id, ...body });
    return { body: viewOf(find(readModel, 'model', id)), location: `/v1/models/${id}` };
  },
});
