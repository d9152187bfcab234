import { adminRoute } from './admin-route.ts';
import { authorityParams } from './authority-params.ts';
import { carriedChanges } from './change-view.ts';

export const announceAuthority = adminRoute({
  method: 'post',
  path: '/v1/admin/authorities/:authority/announce',
  operation: 'authority.announce',
  summary:
    'Make the next authority of the organization, and let its channels take the certificates beside those of the one in use',
  params: authorityParams,
  response: carriedChanges,
  async handle({ params, signal }, { certificates }) {
    return { body: { changes: await certificates.announceAuthority(params.authority, signal) } };
  },
});
