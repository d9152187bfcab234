import { z } from 'zod';
import { mspId } from '../schemas/ids.ts';
import { adminRoute } from './admin-route.ts';

export const describeOrganization = adminRoute({
  method: 'get',
  path: '/v1/admin/organization',
  operation: 'organization.describe',
  summary: 'What others need of the own organization to take it in; nothing in it is secret',
  response: z
    .object({
      mspId,
      roots: z.object({
        rootCertificate: z.string(),
        tlsRootCertificate: z.string(),
        revocationLists: z.array(z.string()),
      }),
      anchorPeers: z.array(z.string()),
      ordererEndpoints: z.array(z.string()),
    })
    .meta({ id: 'OrganizationBundle', description: 'The content of an add-organization edit' }),
  async handle(_, { organizations }) {
    return { body: await organizations.describe() };
  },
});
