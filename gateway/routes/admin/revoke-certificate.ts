import { adminRoute } from './admin-route.ts';
import { identityParams } from './certificate-view.ts';
import { carriedChanges } from './change-view.ts';

export const revokeCertificate = adminRoute({
  method: 'post',
  path: '/v1/admin/certificates/:name/revoke',
  operation: 'certificate.revoke',
  summary:
    'End an identity before its time: the revocation list goes into the configuration of every channel of the organization and binds everybody at once',
  params: identityParams,
  response: carriedChanges,
  async handle({ params, signal }, { certificates }) {
    return { body: { changes: await certificates.revoke(params.name, signal) } };
  },
});
