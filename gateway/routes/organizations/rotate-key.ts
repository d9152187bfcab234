import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { viewOf } from '../schemas/page.ts';
import { organizationView } from '../schemas/records.ts';

export const rotateKey = route({
  method: 'post',
  path: '/v1/organizations/own/keys/rotate',
  operation: 'organization.rotateKey',
  summary:
    "Give the organization a new key-encryption key: every dataset's key is wrapped to it in the background, then the old one is destroyed",
  scope: 'consortium:admin',
  idempotent: true,
  refusals: ['ORGANIZATION_NOT_FOUND', 'STATE_CONFLICT'],
  body: z.strictObject({}).optional(),
  response: organizationView,
  async handle({ submit }, { readModel, organization, rotator }) {
    await submit('organization:rotateKey', { agreementKey: await rotator.mintNext() });
    return { body: viewOf(find(readModel, 'organization', organization)) };
  },
});
