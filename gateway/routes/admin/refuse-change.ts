import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { changeParams, changeSummary, changeView } from './change-view.ts';

export const refuseChange = adminRoute({
  method: 'post',
  path: '/v1/admin/changes/:id/refuse',
  operation: 'change.refuse',
  summary: 'Say no to a change, with a reason that its proposer is told',
  params: changeParams,
  body: z.strictObject({ reason: changeSummary }),
  response: changeView,
  async handle({ params, body }, { changes }) {
    return { body: await changes.refuse(params.id, body.reason) };
  },
});
