import { ChangeProposal } from '@d-cloud/network/admin';
import { adminRoute } from './admin-route.ts';
import { changeParams } from './change-view.ts';

export const changeFile = ChangeProposal.meta({ id: 'ChangeFile' });

export const getChangeFile = adminRoute({
  method: 'get',
  path: '/v1/admin/changes/:id/file',
  operation: 'change.getFile',
  summary: 'A change with its bytes and signatures, to be carried and signed by hand',
  params: changeParams,
  response: changeFile,
  async handle({ params }, { changes }) {
    return { body: await changes.file(params.id) };
  },
});
