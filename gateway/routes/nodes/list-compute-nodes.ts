import { z } from 'zod';
import { route } from '../../http/route.ts';
import { mspId } from '../schemas/ids.ts';
import { pageOf, pageQuery, pageView, viewOf } from '../schemas/page.ts';
import { computeNodeView } from '../schemas/records.ts';

export const listComputeNodes = route({
  method: 'get',
  path: '/v1/compute-nodes',
  operation: 'compute-node.list',
  summary: "List the consortium's compute nodes",
  scope: 'nodes:read',
  idempotent: false,
  query: z.strictObject({
    organization: mspId.optional(),
    state: z.enum(['active', 'draining', 'left']).optional(),
    ...pageQuery,
  }),
  response: pageOf(computeNodeView),
  async handle({ query }, { readModel }) {
    const filter = { owner: query.organization, state: query.state };
    return { body: pageView(readModel.list('compute-node', filter, { ...query, order: 'oldest' }), viewOf) };
  },
});
