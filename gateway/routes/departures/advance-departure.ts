import { z } from 'zod';
import { route } from '../../http/route.ts';
import { advanceDeparture as advance } from '../../members/advance-departure.ts';
import { find } from '../find.ts';
import { mspId, text } from '../schemas/ids.ts';
import { departureView } from './departure-view.ts';

export const advanceDeparture = route({
  method: 'post',
  path: '/v1/admin/departures/:mspId',
  operation: 'departure.advance',
  summary:
    "Do what can be done now of an organization's leaving, and say what is left; called again until nothing is. For the own organization it ends with leaving for good; once it has left, every member takes it out of the definitions, of the consenters and of the channel: the proposals are made and signed here, and whoever completes them submits",
  scope: 'consortium:admin',
  idempotent: true,
  refusals: ['ORGANIZATION_NOT_FOUND', 'ORGANIZATION_LEFT', 'STATE_CONFLICT'],
  params: z.strictObject({ mspId }),
  body: z.strictObject({
    reason: text(1, 500),
    expel: z
      .boolean()
      .optional()
      .describe('Ask for the expulsion of another one that is gone: it takes more than half of all members'),
    abandon: z
      .boolean()
      .optional()
      .describe(
        'Leave although claims run and fragments of others lie on the own nodes: their owners must repair them',
      ),
  }),
  response: departureView,
  async handle({ params, body, submit, signal }, services) {
    find(services.readModel, 'organization', params.mspId);
    const departure = await advance(services, params.mspId, body, submit, signal);
    return { body: { ...departure, block: services.readModel.block } };
  },
});
