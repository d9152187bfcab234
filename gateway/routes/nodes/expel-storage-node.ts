import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, text } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { expulsionView } from '../schemas/records.ts';

export const expelStorageNode = route({
  method: 'post',
  path: '/v1/storage-nodes/:id/expel',
  operation: 'storage-node.expel',
  summary:
    'Expel a storage node, whosever it is, from what your organization stores: your versions are moved off it and the share that it keeps of each becomes worthless',
  scope: 'nodes:write',
  idempotent: true,
  refusals: ['STORAGE_NODE_NOT_FOUND', 'RECORD_EXISTS'],
  params: z.strictObject({ id: idOf('stor') }),
  body: z.strictObject({ reason: text(1, 500) }),
  response: expulsionView,
  async handle({ params, body, submit }, { readModel, organization }) {
    await submit('storage-node:expel', { id: params.id, reason: body.reason });
    return { body: viewOf(find(readModel, 'expulsion', `${params.id}:${organization}`)) };
  },
});
