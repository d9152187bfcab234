import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { storageNodeView } from '../schemas/records.ts';
import { storageNodeBody } from './storage-node-view.ts';

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
  async handle({ params, submit }, services) {
    await submit('storage-node:drain', { id: params.id });
    return { body: storageNodeBody(find(services.readModel, 'storage-node', params.id), services) };
  },
});
