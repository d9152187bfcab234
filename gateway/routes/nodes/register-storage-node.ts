import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { amount, idOf, text } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { storageNodeView } from '../schemas/records.ts';

export const registerStorageNode = route({
  method: 'post',
  path: '/v1/storage-nodes',
  operation: 'storage-node.register',
  summary: "Register one of this organization's storage nodes",
  scope: 'nodes:write',
  idempotent: true,
  status: 201,
  refusals: ['RECORD_EXISTS', 'ROLE_MISSING'],
  body: z.strictObject({
    id: idOf('stor').optional().describe('Id the node was set up with; a new one where it is left out'),
    host: text(1, 200).describe('Machine the node runs on: a failure domain'),
    disk: text(1, 200).describe('Disk the node writes to: a failure domain'),
    capacityBytes: amount,
    pricePerGibMonth: amount
      .optional()
      .describe('Minor units of account for a GiB kept for a month; nothing is asked where it is left out'),
  }),
  response: storageNodeView,
  async handle({ body, mint, submit }, { readModel }) {
    const id = body.id ?? mint('stor');
    const { pricePerGibMonth, ...node } = body;
    await submit('storage-node:register', { ...node, ...(pricePerGibMonth && { pricePerGibMonth }), id });
    return { body: viewOf(find(readModel, 'storage-node', id)), location: `/v1/storage-nodes/${id}` };
  },
});
