import { Refusal } from '@d-cloud/chaincode/domain';
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
  summary: 'Let a storage node leave, for good; refused while fragments of published versions lie on it',
  scope: 'nodes:write',
  idempotent: true,
  refusals: ['STORAGE_NODE_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('stor') }),
  body: z
    .strictObject({
      abandon: z.boolean().optional().describe('Leave although fragments lie there: their owners must repair them'),
    })
    .optional(),
  response: storageNodeView,
  async handle({ params, body, submit }, { readModel, custody }) {
    const held = body?.abandon === true ? [] : custody.heldOn(params.id);
    if (held.length > 0) {
      throw new Refusal(
        'STATE_CONFLICT',
        `fragments of ${held.length} versions lie on ${params.id}: drain it and wait until their owners have moved them, or abandon them`,
      );
    }
    await submit('storage-node:leave', { id: params.id });
    return { body: viewOf(find(readModel, 'storage-node', params.id)) };
  },
});
