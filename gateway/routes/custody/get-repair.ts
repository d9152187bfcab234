import { Refusal } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { repairView } from './repair-view.ts';

export const getRepair = route({
  method: 'get',
  path: '/v1/versions/:id/repair',
  operation: 'version.getRepair',
  summary: 'Show how far the repair is that was last asked for of a version of yours',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['VERSION_NOT_FOUND', 'CALLER_NOT_OWNER', 'ERASED', 'REPAIR_NOT_FOUND'],
  params: z.strictObject({ id: idOf('vers') }),
  response: repairView,
  async handle({ params }, { readModel, custody }) {
    const { record } = find(readModel, 'version', params.id);
    const repair = custody.repairOf(record.id);
    if (repair === undefined)
      throw new Refusal('REPAIR_NOT_FOUND', `no repair of ${record.id} was asked for since this gateway began`);
    return { body: repair, headers: { 'Cache-Control': 'no-store' } };
  },
});
