import { z } from 'zod';
import { mspId, setOf } from '../schemas/ids.ts';
import { adminRoute } from './admin-route.ts';
import { channelName } from './channel-params.ts';

export const openChannel = adminRoute({
  method: 'post',
  path: '/v1/admin/channels',
  operation: 'channel.open',
  summary:
    'Make the genesis block of a new channel for members of one that exists, and join it; the others join with the same block',
  status: 201,
  body: z.strictObject({
    channel: channelName,
    from: channelName.describe('The channel from which roots, addresses and orderers are taken'),
    members: setOf(mspId, 1, 18),
    batch: z
      .strictObject({
        timeout: z.string().regex(/^\d+(\.\d+)?(ms|s)$/, 'must be a time such as 500ms'),
        maxMessageCount: z.int().min(1).max(100_000),
        absoluteMaxBytes: z
          .int()
          .min(1)
          .max(100 << 20),
        preferredMaxBytes: z
          .int()
          .min(1)
          .max(100 << 20),
      })
      .exactOptional(),
  }),
  response: z.object({ channel: z.string(), block: z.string().describe('The genesis block in base64') }),
  async handle({ body, signal }, { channels }, { clock }) {
    const block = await channels.open(body, clock.now(), signal);
    return {
      body: { channel: body.channel, block: Buffer.from(block).toString('base64') },
      location: `/v1/admin/channels/${body.channel}`,
    };
  },
});
