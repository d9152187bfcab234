import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { authorityParams } from './authority-params.ts';

export const changeAuthority = adminRoute({
  method: 'post',
  path: '/v1/admin/authorities/:authority/change',
  operation: 'authority.change',
  summary:
    'Issue all own certificates again under the next authority, for the same keys; the programs are started again afterwards',
  params: authorityParams,
  response: z.object({ certificate: z.string().describe('Of the authority that is in use now') }),
  async handle({ params }, { certificates }) {
    return { body: await certificates.changeAuthority(params.authority) };
  },
});
