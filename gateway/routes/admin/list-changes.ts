import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { changeView } from './change-view.ts';

export const listChanges = adminRoute({
  method: 'get',
  path: '/v1/admin/changes',
  operation: 'change.list',
  summary: "List the own proposals and those that other organizations' gateways offer, each with our own review",
  response: z.object({
    changes: z.array(changeView),
    away: z.array(z.string()).describe('Organizations whose gateway did not answer'),
  }),
  async handle(_, { changes }) {
    return { body: await changes.list() };
  },
});
