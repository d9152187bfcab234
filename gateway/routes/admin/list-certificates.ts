import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { certificateBody, certificateView } from './certificate-view.ts';

export const listCertificates = adminRoute({
  method: 'get',
  path: '/v1/admin/certificates',
  operation: 'certificate.list',
  summary:
    'List every certificate that the organization depends on, the one that ends first in front, with warnings at 90, 30 and 7 days',
  response: z.object({ certificates: z.array(certificateView) }),
  async handle(_, { certificates }) {
    return { body: { certificates: (await certificates.list()).map(certificateBody) } };
  },
});
