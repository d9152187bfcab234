import { z } from 'zod';
import { route } from '../../http/route.ts';
import { pageOf, pageQuery, pageView, viewOf } from '../schemas/page.ts';
import { organizationView } from '../schemas/records.ts';

export const listOrganizations = route({
  method: 'get',
  path: '/v1/organizations',
  operation: 'organization.list',
  summary: 'List the organizations of the consortium',
  scope: 'consortium:read',
  idempotent: false,
  query: z.strictObject(pageQuery),
  response: pageOf(organizationView),
  async handle({ query }, { readModel }) {
    return { body: pageView(readModel.list('organization', {}, { ...query, order: 'oldest' }), viewOf) };
  },
});
