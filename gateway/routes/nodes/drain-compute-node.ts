import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { computeNodeView } from '../schemas/records.ts';

export const drainComputeNode = route({
  method: 'post',
  path: '/v1/compute-nodes/:id/drain',
  operation: 'compute-node.drain',
  summary: 'Drain a compute node: it finishes what it has and takes nothing new',
  scope: 'nodes:write',
  idempotent: true,
  refusals: ['COMPUTE_NODE_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('comp') }),
  body: z.strictObject({}).optional(),
  response: computeNodeView,
  async handle({ params, submit }, { readModel }) {
    await submit('compute-node:drain', { id: params.id });
    return { body: viewOf(find(readModel, 'compute-node', params.id)) };
  },
});
