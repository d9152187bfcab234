import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { days, identityBody, identityName, identityView } from './certificate-view.ts';

export const issueCertificate = adminRoute({
  method: 'post',
  path: '/v1/admin/certificates',
  operation: 'certificate.issue',
  summary: "Issue an identity's signing and TLS certificates; its keys stay in the organization's directory",
  status: 201,
  body: z.strictObject({
    name: identityName,
    role: z.enum(['peer', 'orderer', 'admin', 'client']),
    attributes: z
      .record(z.string().regex(/^[a-z][a-z.-]{0,63}$/), z.string().max(256))
      .exactOptional()
      .describe('Such as dcloud.role'),
    hosts: z.array(z.string().min(1).max(255)).max(16).exactOptional().describe('DNS names and IP addresses'),
    days: days.exactOptional(),
  }),
  response: identityView,
  async handle({ body }, { certificates }) {
    return { body: identityBody(await certificates.issue(body)) };
  },
});
