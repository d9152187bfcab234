import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { channelParams } from './channel-params.ts';

export const getConfigBlock = adminRoute({
  method: 'get',
  path: '/v1/admin/channels/:channel/config-block',
  operation: 'channel.getConfigBlock',
  summary:
    'The newest config block itself: orderers join with it, and changes are reviewed against it away from the gateway',
  params: channelParams,
  response: z.object({ channel: z.string(), block: z.string().describe('common.Block in base64') }),
  async handle({ params: { channel } }, { channels }) {
    const block = await channels.configBlock(channel);
    return { body: { channel, block: Buffer.from(block).toString('base64') } };
  },
});
