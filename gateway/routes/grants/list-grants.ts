import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf } from '../schemas/ids.ts';
import { pageOf, pageQuery, pageView, viewOf } from '../schemas/page.ts';
import { grantView } from '../schemas/records.ts';

export const listGrants = route({
  method: 'get',
  path: '/v1/grants',
  operation: 'grant.list',
  summary: 'List the grants this organization gave, has or asked for, newest first',
  scope: 'grants:read',
  idempotent: false,
  query: z.strictObject({
    dataset: idOf('dset').optional(),
    state: z.enum(['requested', 'issued', 'refused', 'revoked']).optional(),
    ...pageQuery,
  }),
  response: pageOf(grantView),
  async handle({ query }, { readModel }) {
    return { body: pageView(readModel.list('grant', { parent: query.dataset, state: query.state }, query), viewOf) };
  },
});
