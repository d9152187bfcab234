import { adminRoute } from './admin-route.ts';
import { chaincodeParams, chaincodeView, whose } from './chaincode-view.ts';

export const commitChaincode = adminRoute({
  method: 'post',
  path: '/v1/admin/channels/:channel/chaincodes/:name/commit',
  operation: 'chaincode.commit',
  summary: 'Put a definition in force that enough organizations have approved',
  params: chaincodeParams,
  body: whose,
  response: chaincodeView,
  async handle({ params: { channel, name }, body, signal }, { chaincodes }) {
    return { body: await chaincodes.commit(channel, name, body.proposer, signal) };
  },
});
