import { adminRoute } from './admin-route.ts';
import { chaincodeParams, definitionView, whose } from './chaincode-view.ts';

export const approveChaincode = adminRoute({
  method: 'post',
  path: '/v1/admin/channels/:channel/chaincodes/:name/approve',
  operation: 'chaincode.approve',
  summary: 'Install and approve, for the own organization, the definition that another one proposes',
  params: chaincodeParams,
  body: whose,
  response: definitionView,
  async handle({ params: { channel, name }, body }, { chaincodes }) {
    return { body: await chaincodes.approve(channel, name, body.proposer) };
  },
});
