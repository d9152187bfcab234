import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { channelParams } from './channel-params.ts';

export const getChannel = adminRoute({
  method: 'get',
  path: '/v1/admin/channels/:channel',
  operation: 'channel.get',
  summary: "Show a channel's configuration in force as the own peer has it, in words",
  params: channelParams,
  response: z.object({
    channel: z.string(),
    blockNumber: z.int(),
    blockHash: z.string(),
    sequence: z.int(),
    configuration: z.unknown().describe('Groups of policies, values and groups; policies as one line, values decoded'),
  }),
  async handle({ params }, { channels }) {
    return { body: await channels.describe(params.channel) };
  },
});
