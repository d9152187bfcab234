import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { viewOf } from '../schemas/page.ts';
import { purposeListView } from '../schemas/records.ts';

export const getPurposes = route({
  method: 'get',
  path: '/v1/purposes',
  operation: 'purpose.get',
  summary: "Get the consortium's list of purposes",
  scope: 'consortium:read',
  idempotent: false,
  refusals: ['PURPOSES_NOT_DEFINED'],
  response: purposeListView,
  async handle(_request, { readModel }) {
    return { body: viewOf(find(readModel, 'purposes', 'purposes')) };
  },
});
