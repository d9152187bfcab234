import { adminRoute } from './admin-route.ts';
import { identityParams } from './certificate-view.ts';
import { changeView } from './change-view.ts';

export const revokeCertificate = adminRoute({
  method: 'post',
  path: '/v1/admin/certificates/:name/revoke',
  operation: 'certificate.revoke',
  summary:
    "End an identity before its time: the revocation list goes into the channel's configuration and binds everybody at once",
  params: identityParams,
  response: changeView,
  async handle({ params, signal }, { certificates }) {
    return { body: await certificates.revoke(params.name, signal) };
  },
});
