import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, text } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { computeNodeView } from '../schemas/records.ts';

export const registerComputeNode = route({
  method: 'post',
  path: '/v1/compute-nodes',
  operation: 'compute-node.register',
  summary: "Register one of this organization's compute nodes under the key that signs its attestations",
  scope: 'nodes:write',
  idempotent: true,
  status: 201,
  refusals: ['RECORD_EXISTS', 'RECORD_INVALID', 'ROLE_MISSING'],
  body: z.strictObject({
    id: idOf('comp').optional().describe('Id the node was set up with; a new one where it is left out'),
    publicKey: z.string().max(1_000).describe('SPKI PEM of its P-256 key'),
    classes: z
      .array(z.enum(['R-1', 'J-1']))
      .min(1)
      .max(2),
    runtime: z.strictObject({ ort: text(1, 200), executionProvider: text(1, 200), isa: text(1, 200) }),
  }),
  response: computeNodeView,
  async handle({ body, mint, submit }, { readModel }) {
    const id = body.id ?? mint('comp');
    await submit('compute-node:register', { ...body, id });
    return { body: viewOf(find(readModel, 'compute-node', id)), location: `/v1/compute-nodes/${id}` };
  },
});
