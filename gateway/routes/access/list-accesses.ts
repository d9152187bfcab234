import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf } from '../schemas/ids.ts';
import { pageOf, pageQuery, pageView, viewOf } from '../schemas/page.ts';
import { accessView } from '../schemas/records.ts';

export const listAccesses = route({
  method: 'get',
  path: '/v1/accesses',
  operation: 'access.list',
  summary: "List reads of this organization's data and its own reads of others', denials too, newest first",
  scope: 'access:read',
  idempotent: false,
  query: z.strictObject({
    dataset: idOf('dset').optional(),
    outcome: z.enum(['allowed', 'denied']).optional(),
    ...pageQuery,
  }),
  response: pageOf(accessView),
  async handle({ query }, { readModel }) {
    return { body: pageView(readModel.list('access', { parent: query.dataset, state: query.outcome }, query), viewOf) };
  },
});
