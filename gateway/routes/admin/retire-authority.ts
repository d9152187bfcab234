import { adminRoute } from './admin-route.ts';
import { authorityParams } from './authority-params.ts';
import { changeView } from './change-view.ts';

export const retireAuthority = adminRoute({
  method: 'post',
  path: '/v1/admin/authorities/:authority/retire',
  operation: 'authority.retire',
  summary:
    'Let the channel forget an authority that the organization had before, and with it everything that it issued',
  params: authorityParams,
  response: changeView,
  async handle({ params, signal }, { certificates }) {
    return { body: await certificates.retireAuthority(params.authority, signal) };
  },
});
