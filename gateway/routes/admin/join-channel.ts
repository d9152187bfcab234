import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { ordererView } from './list-channels.ts';

export const joinChannel = adminRoute({
  method: 'post',
  path: '/v1/admin/channels/join',
  operation: 'channel.join',
  summary:
    'Let the own orderer and peers join a channel by its genesis block, or by its newest config block where it runs',
  body: z.strictObject({
    block: z
      .base64()
      .min(1)
      .max(1 << 20)
      .describe('common.Block in base64'),
  }),
  response: z.object({ channel: z.string(), orderer: ordererView.optional() }),
  async handle({ body, signal }, { channels }) {
    return { body: await channels.join(Buffer.from(body.block, 'base64'), signal) };
  },
});
