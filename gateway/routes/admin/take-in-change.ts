import { adminRoute } from './admin-route.ts';
import { changeView } from './change-view.ts';
import { changeFile } from './get-change-file.ts';

export const takeInChange = adminRoute({
  method: 'post',
  path: '/v1/admin/changes',
  operation: 'change.takeIn',
  summary: 'Take in a change that came as a file, with the signatures in it that are right',
  status: 201,
  body: changeFile,
  response: changeView,
  async handle({ body }, { changes }) {
    const change = await changes.takeIn(body);
    return { body: change, location: `/v1/admin/changes/${change.id}` };
  },
});
