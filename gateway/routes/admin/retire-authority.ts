import { adminRoute } from './admin-route.ts';
import { authorityParams } from './authority-params.ts';
import { carriedChanges } from './change-view.ts';

export const retireAuthority = adminRoute({
  method: 'post',
  path: '/v1/admin/authorities/:authority/retire',
  operation: 'authority.retire',
  summary:
    'Let the channels forget an authority that the organization had before, and with it everything that it issued',
  params: authorityParams,
  response: carriedChanges,
  async handle({ params, signal }, { certificates }) {
    return { body: { changes: await certificates.retireAuthority(params.authority, signal) } };
  },
});
