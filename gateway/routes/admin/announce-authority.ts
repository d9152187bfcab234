import { adminRoute } from './admin-route.ts';
import { authorityParams } from './authority-params.ts';
import { changeView } from './change-view.ts';

export const announceAuthority = adminRoute({
  method: 'post',
  path: '/v1/admin/authorities/:authority/announce',
  operation: 'authority.announce',
  summary:
    'Make the next authority of the organization, and let the channel take its certificates beside those of the one in use',
  params: authorityParams,
  response: changeView,
  async handle({ params, signal }, { certificates }) {
    return { body: await certificates.announceAuthority(params.authority, signal) };
  },
});
