import { adminRoute } from './admin-route.ts';
import { channelParams } from './channel-params.ts';
import { ordererView } from './list-channels.ts';

export const joinOrderer = adminRoute({
  method: 'post',
  path: '/v1/admin/channels/:channel/orderer/join',
  operation: 'channel.joinOrderer',
  summary: 'Let the own orderer follow a channel that the own peers keep; add-consenter makes it one that counts',
  params: channelParams,
  response: ordererView,
  async handle({ params }, { channels }) {
    return { body: await channels.joinOwnOrderer(params.channel) };
  },
});
