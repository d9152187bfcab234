import { z } from 'zod';
import { OfferedDefinition } from '../../admin/definition-store.ts';
import { adminRoute } from './admin-route.ts';

export const installChaincode = adminRoute({
  method: 'post',
  path: '/v1/admin/chaincodes/install',
  operation: 'chaincode.install',
  summary: 'Install the package of a label on all own peers; the same label gives the same package everywhere',
  body: z.strictObject({ label: OfferedDefinition.shape.label }),
  response: z.object({ packageId: z.string() }),
  async handle({ body }, { chaincodes }) {
    return { body: { packageId: await chaincodes.install(body.label) } };
  },
});
