import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { viewOf } from '../schemas/page.ts';
import { purpose, purposeListView } from '../schemas/records.ts';

export const definePurposes = route({
  method: 'put',
  path: '/v1/purposes',
  operation: 'purpose.define',
  summary: "Define the consortium's list of purposes; what was defined before stays in it",
  scope: 'consortium:admin',
  idempotent: true,
  refusals: ['ROLE_MISSING', 'STATE_CONFLICT', 'RECORD_INVALID'],
  body: z.strictObject({ purposes: z.array(purpose).min(1).max(500) }),
  response: purposeListView,
  async handle({ body, submit }, { readModel }) {
    await submit('purpose:define', body);
    return { body: viewOf(find(readModel, 'purposes', 'purposes')) };
  },
});
