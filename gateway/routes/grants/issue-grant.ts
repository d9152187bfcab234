import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { grantTermsBody, grantView } from '../schemas/records.ts';
import { grantTerms } from './grant-terms.ts';

export const issueGrant = route({
  method: 'post',
  path: '/v1/grants/:id/issue',
  operation: 'grant.issue',
  summary: 'Issue a requested grant, as asked for or narrower',
  scope: 'grants:write',
  idempotent: true,
  refusals: [
    'GRANT_NOT_FOUND',
    'CALLER_NOT_OWNER',
    'GRANT_MISMATCH',
    'GRANT_EXPIRED',
    'PURPOSE_MISMATCH',
    'STATE_CONFLICT',
  ],
  params: z.strictObject({ id: idOf('grnt') }),
  body: z
    .strictObject({ terms: grantTermsBody.optional().describe('What is given where it is less than was asked for') })
    .optional(),
  response: grantView,
  async handle({ params, body, submit }, { readModel }) {
    const asked = find(readModel, 'grant', params.id).record;
    const terms = body?.terms === undefined ? asked.terms : grantTerms(body.terms);
    await submit('grant:issue', { id: params.id, terms });
    return { body: viewOf(find(readModel, 'grant', params.id)) };
  },
});
