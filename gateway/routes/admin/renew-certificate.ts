import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { days, identityBody, identityParams, identityView } from './certificate-view.ts';

export const renewCertificate = adminRoute({
  method: 'post',
  path: '/v1/admin/certificates/:name/renew',
  operation: 'certificate.renew',
  summary: 'Issue both certificates of an identity again for the same keys: the channel needs no change',
  params: identityParams,
  body: z.strictObject({ days: days.exactOptional() }).optional(),
  response: identityView,
  async handle({ params, body }, { certificates }) {
    return { body: identityBody(await certificates.renew(params.name, body?.days)) };
  },
});
