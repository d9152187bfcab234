import { adminRoute } from './admin-route.ts';
import { changeParams, changeView } from './change-view.ts';

export const signChange = adminRoute({
  method: 'post',
  path: '/v1/admin/changes/:id/sign',
  operation: 'change.sign',
  summary: 'Sign a change with the own admin key, after reviewing its bytes against the own configuration',
  params: changeParams,
  response: changeView,
  async handle({ params }, { changes }) {
    return { body: await changes.sign(params.id) };
  },
});
