import { adminRoute } from './admin-route.ts';
import { changeParams, changeView } from './change-view.ts';

export const getChange = adminRoute({
  method: 'get',
  path: '/v1/admin/changes/:id',
  operation: 'change.get',
  summary: 'Show what a change does to the channel and to every policy, and which signatures it still needs',
  params: changeParams,
  response: changeView,
  async handle({ params }, { changes }) {
    return { body: await changes.get(params.id) };
  },
});
