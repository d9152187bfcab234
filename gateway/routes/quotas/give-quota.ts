import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { amount, mspId } from '../schemas/ids.ts';
import { quotaView, viewOfQuota } from './quota-view.ts';

export const giveQuota = route({
  method: 'put',
  path: '/v1/quotas/:organization',
  operation: 'quota.give',
  summary: "Give an organization a quota of its own on this organization's storage nodes",
  scope: 'nodes:write',
  idempotent: true,
  refusals: ['ORGANIZATION_NOT_FOUND'],
  params: z.strictObject({ organization: mspId }),
  body: z.strictObject({
    quotaBytes: amount
      .refine((bytes) => Number.isSafeInteger(Number(bytes)), 'must be less than 8 PiB')
      .describe('Less than is used takes nothing away: it refuses more'),
  }),
  response: quotaView,
  async handle({ params, body }, { readModel, quotas }) {
    const { mspId: id } = find(readModel, 'organization', params.organization).record;
    quotas.give(id, Number(body.quotaBytes));
    return { body: viewOfQuota(quotas.of(id)) };
  },
});
