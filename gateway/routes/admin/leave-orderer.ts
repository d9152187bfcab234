import { adminRoute } from './admin-route.ts';
import { channelParams } from './channel-params.ts';

export const leaveOrderer = adminRoute({
  method: 'post',
  path: '/v1/admin/channels/:channel/orderer/leave',
  operation: 'channel.leaveOrderer',
  summary: 'Take the own orderer out of a channel of which it is no consenter any more',
  status: 204,
  params: channelParams,
  async handle({ params }, { channels }) {
    await channels.leaveWithOwnOrderer(params.channel);
    return { body: undefined };
  },
});
