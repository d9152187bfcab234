import { z } from 'zod';
import { route } from '../../http/route.ts';
import { departureOf } from '../../members/departure.ts';
import { find } from '../find.ts';
import { mspId } from '../schemas/ids.ts';
import { departureView } from './departure-view.ts';

export const getDeparture = route({
  method: 'get',
  path: '/v1/admin/departures/:mspId',
  operation: 'departure.get',
  summary:
    "Preview an organization's leaving, or see how far it has come: what it touches, and what is left of each step",
  scope: 'consortium:admin',
  idempotent: false,
  refusals: ['ORGANIZATION_NOT_FOUND'],
  params: z.strictObject({ mspId }),
  response: departureView,
  async handle({ params }, services) {
    find(services.readModel, 'organization', params.mspId);
    const { block } = services.readModel;
    return { body: { ...(await departureOf(services, params.mspId)), block } };
  },
});
