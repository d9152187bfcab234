import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, text } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { grantView } from '../schemas/records.ts';

export const refuseGrant = route({
  method: 'post',
  path: '/v1/grants/:id/refuse',
  operation: 'grant.refuse',
  summary: 'Refuse a request for a grant',
  scope: 'grants:write',
  idempotent: true,
  refusals: ['GRANT_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('grnt') }),
  body: z.strictObject({ reason: text(1, 500) }),
  response: grantView,
  async handle({ params, body, submit }, { readModel }) {
    find(readModel, 'grant', params.id);
    await submit('grant:refuse', { id: params.id, reason: body.reason });
    return { body: viewOf(find(readModel, 'grant', params.id)) };
  },
});
