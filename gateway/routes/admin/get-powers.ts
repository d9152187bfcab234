import { z } from 'zod';
import { idOf } from '../schemas/ids.ts';
import { adminRoute } from './admin-route.ts';
import { policyImpactView } from './change-view.ts';
import { channelParams } from './channel-params.ts';

export const getPowers = adminRoute({
  method: 'get',
  path: '/v1/admin/channels/:channel/powers',
  operation: 'channel.getPowers',
  summary:
    'Say for every policy which smallest groups of organizations can approve and which can block, now and after a change',
  params: channelParams,
  query: z.strictObject({ change: idOf('chng').optional() }),
  response: z.object({ channel: z.string(), policies: z.array(policyImpactView) }),
  async handle({ params: { channel }, query: { change } }, { channels }) {
    return { body: { channel, policies: await channels.powers(channel, change) } };
  },
});
