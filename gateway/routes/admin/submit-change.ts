import { adminRoute } from './admin-route.ts';
import { changeParams, changeView } from './change-view.ts';

export const submitChange = adminRoute({
  method: 'post',
  path: '/v1/admin/changes/:id/submit',
  operation: 'change.submit',
  summary: 'Send a change that enough organizations have signed to the orderers, and wait until it is in force',
  params: changeParams,
  response: changeView,
  async handle({ params, signal }, { changes }) {
    return { body: await changes.submit(params.id, signal) };
  },
});
