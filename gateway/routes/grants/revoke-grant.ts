import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, text } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { grantView } from '../schemas/records.ts';

export const revokeGrant = route({
  method: 'post',
  path: '/v1/grants/:id/revoke',
  operation: 'grant.revoke',
  summary:
    'Revoke a grant: no further job, claim or key release under it, and a new key epoch. Says which jobs it affects and what was derived',
  scope: 'grants:write',
  idempotent: true,
  refusals: ['GRANT_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('grnt') }),
  body: z.strictObject({
    reason: text(1, 500),
    hard: z
      .boolean()
      .optional()
      .describe('Seal what the grant covers anew, for a grantee that may hold keys and still reach storage nodes'),
  }),
  response: grantView,
  async handle({ params, body, submit }, { readModel, failpoint }) {
    find(readModel, 'grant', params.id);
    failpoint('revoke.asked');
    await submit('grant:revoke', {
      id: params.id,
      reason: body.reason,
      ...(body.hard === undefined ? {} : { hard: body.hard }),
    });
    failpoint('revoke.submitted');
    const { items: jobs } = readModel.list('job', { grant: params.id }, { limit: 200 });
    const affected = jobs.map(({ record: { id: job, state, requester, outputDataset, outputVersion } }) => ({
      job,
      state,
      requester,
      outputDataset,
      outputVersion,
    }));
    return { body: { ...viewOf(find(readModel, 'grant', params.id)), affected } };
  },
});
