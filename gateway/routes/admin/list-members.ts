import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { channelParams } from './channel-params.ts';

const addresses = z.array(z.string());

export const listMembers = adminRoute({
  method: 'get',
  path: '/v1/admin/channels/:channel/members',
  operation: 'channel.listMembers',
  summary: "List a channel's organizations as its configuration has them, and whether their gateways answer",
  params: channelParams,
  response: z.object({
    members: z.array(
      z.object({
        mspId: z.string(),
        application: z.boolean().describe('Its peers endorse and its callers write'),
        ordering: z.boolean().describe('Its orderers may order'),
        anchorPeers: addresses,
        ordererEndpoints: addresses,
        roots: z.int().describe('Authorities that vouch for its members; two while it changes from one to the other'),
        revocationLists: z.int(),
        gateway: z.enum(['own', 'answers', 'away', 'unknown']),
        fabricVersion: z.string().optional(),
      }),
    ),
  }),
  async handle({ params }, { organizations }) {
    return { body: { members: await organizations.list(params.channel) } };
  },
});
