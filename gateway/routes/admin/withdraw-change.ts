import { adminRoute } from './admin-route.ts';
import { changeParams, changeView } from './change-view.ts';

export const withdrawChange = adminRoute({
  method: 'post',
  path: '/v1/admin/changes/:id/withdraw',
  operation: 'change.withdraw',
  summary: 'Take back an own proposal',
  params: changeParams,
  response: changeView,
  async handle({ params }, { changes }) {
    return { body: await changes.withdraw(params.id) };
  },
});
