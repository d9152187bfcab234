import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { storageNodeView } from '../schemas/records.ts';

export const leaveStorageNode = route({
  method: 'post',
  path: '/v1/storage-nodes/:id/leave',
  operation: 'storage-node.leave',
  summary: 'Let a storage node leave, for good',
  scope: 'nodes:write',
  idempotent: true,
  refusals: ['STORAGE_NODE_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('stor') }),
  body: z.strictObject({}).optional(),
  response: storageNodeView,
  async handle({ params, submit }, { readModel }) {
    await submit('storage-node:leave', { id: params.id });
    return { body: viewOf(find(readModel, 'storage-node', params.id)) };
  },
});
