import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { chaincodeView, definitionView } from './chaincode-view.ts';
import { channelParams } from './channel-params.ts';

export const listChaincodes = adminRoute({
  method: 'get',
  path: '/v1/admin/channels/:channel/chaincodes',
  operation: 'chaincode.list',
  summary:
    'List the chaincodes in force, what is installed here, and the definitions that organizations propose with their approvals',
  params: channelParams,
  response: z.object({
    inForce: z.array(chaincodeView),
    installed: z.array(z.object({ packageId: z.string(), label: z.string() })),
    proposed: z.array(definitionView),
    away: z.array(z.string()).describe('Organizations whose gateway did not answer'),
  }),
  async handle({ params }, { chaincodes }) {
    return { body: await chaincodes.list(params.channel) };
  },
});
