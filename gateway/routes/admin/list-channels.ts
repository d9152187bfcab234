import { z } from 'zod';
import { adminRoute } from './admin-route.ts';

export const ordererView = z
  .object({
    name: z.string(),
    consensusRelation: z.enum(['consenter', 'follower', 'config-tracker', 'other']),
    status: z.enum(['active', 'onboarding', 'inactive', 'failed']),
    height: z.int(),
  })
  .meta({ id: 'OrdererParticipation' });

export const listChannels = adminRoute({
  method: 'get',
  path: '/v1/admin/channels',
  operation: 'channel.list',
  summary: "List the channels that the organization's own peers and orderer take part in",
  response: z.object({
    channels: z.array(
      z.object({
        channel: z.string(),
        peer: z.boolean().describe('Whether the own peers keep it'),
        orderer: ordererView.optional(),
        sequence: z.int().optional().describe('Changes of the configuration so far'),
        members: z.array(z.string()).optional(),
        consensus: z.string().optional(),
      }),
    ),
  }),
  async handle(_, { channels }) {
    return { body: { channels: await channels.list() } };
  },
});
