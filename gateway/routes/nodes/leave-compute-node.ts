import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { computeNodeView } from '../schemas/records.ts';

export const leaveComputeNode = route({
  method: 'post',
  path: '/v1/compute-nodes/:id/leave',
  operation: 'compute-node.leave',
  summary: 'Let a compute node leave, for good',
  scope: 'nodes:write',
  idempotent: true,
  refusals: ['COMPUTE_NODE_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('comp') }),
  body: z.strictObject({}).optional(),
  response: computeNodeView,
  async handle({ params, submit }, { readModel }) {
    await submit('compute-node:leave', { id: params.id });
    return { body: viewOf(find(readModel, 'compute-node', params.id)) };
  },
});
