import { z } from 'zod';
import { route } from '../../http/route.ts';
import { listAll } from '../../peer/list-all.ts';
import { quotaView, viewOfQuota } from './quota-view.ts';

export const listQuotas = route({
  method: 'get',
  path: '/v1/quotas',
  operation: 'quota.list',
  summary: "List what each organization may keep on this organization's storage nodes, and what it keeps there",
  scope: 'nodes:read',
  idempotent: false,
  response: z.object({ items: z.array(quotaView) }),
  async handle(_, { readModel, quotas }) {
    const organizations = listAll(readModel, 'organization').map(({ mspId }) => mspId);
    const items = organizations.sort().map((one) => viewOfQuota(quotas.of(one)));
    return { body: { items } };
  },
});
