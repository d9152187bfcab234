import { ChaincodeDefinition } from '@d-cloud/network/admin';
import { OfferedDefinition } from '../../admin/definition-store.ts';
import { adminRoute } from './admin-route.ts';
import { chaincodeParams, definitionView } from './chaincode-view.ts';

export const proposeChaincode = adminRoute({
  method: 'post',
  path: '/v1/admin/channels/:channel/chaincodes/:name',
  operation: 'chaincode.propose',
  summary:
    'Propose the next definition of a chaincode: install and approve it here; the other organizations find it at this gateway',
  status: 201,
  params: chaincodeParams,
  body: ChaincodeDefinition.pick({ version: true, endorsement: true, collections: true }).extend({
    label: OfferedDefinition.shape.label.describe('Of the package that runs it'),
  }),
  response: definitionView,
  async handle({ params: { channel, name }, body }, { chaincodes }) {
    return { body: await chaincodes.propose(channel, { name, ...body }) };
  },
});
