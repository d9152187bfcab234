import { z } from 'zod';
import { route } from '../../http/route.ts';
import { mspId } from '../schemas/ids.ts';
import { pageOf, pageQuery, pageView } from '../schemas/page.ts';
import { storageNodeView } from '../schemas/records.ts';
import { storageNodeBody } from './storage-node-view.ts';

export const listStorageNodes = route({
  method: 'get',
  path: '/v1/storage-nodes',
  operation: 'storage-node.list',
  summary: "List the consortium's storage nodes",
  scope: 'nodes:read',
  idempotent: false,
  query: z.strictObject({
    organization: mspId.optional(),
    state: z.enum(['active', 'draining', 'left']).optional(),
    ...pageQuery,
  }),
  response: pageOf(storageNodeView),
  async handle({ query }, services) {
    const filter = { owner: query.organization, state: query.state };
    const page = services.readModel.list('storage-node', filter, { ...query, order: 'oldest' });
    return { body: pageView(page, (recorded) => storageNodeBody(recorded, services)) };
  },
});
