import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { storageNodeView } from '../schemas/records.ts';

export const drainStorageNode = route({
  method: 'post',
  path: '/v1/storage-nodes/:id/drain',
  operation: 'storage-node.drain',
  summary: 'Drain a storage node: it finishes what it has and takes nothing new',
  scope: 'nodes:write',
  idempotent: true,
  refusals: ['STORAGE_NODE_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('stor') }),
  body: z.strictObject({}).optional(),
  response: storageNodeView,
  async handle({ params, submit }, { readModel }) {
    await submit('storage-node:drain', { id: params.id });
    return { body: viewOf(find(readModel, 'storage-node', params.id)) };
  },
});
