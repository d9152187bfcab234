import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { repairView } from './repair-view.ts';

export const repairVersion = route({
  method: 'post',
  path: '/v1/versions/:id/repair',
  operation: 'version.repair',
  summary: 'Audit a version of yours now and put back what is lost: the same blocks, computed without keys',
  scope: 'datasets:write',
  idempotent: true,
  status: 202,
  refusals: ['VERSION_NOT_FOUND', 'CALLER_NOT_OWNER', 'ERASED'],
  params: z.strictObject({ id: idOf('vers') }),
  body: z.strictObject({}).optional(),
  response: repairView,
  async handle({ params, mint, stamp }, { readModel, custody }) {
    const { record } = find(readModel, 'version', params.id);
    const repair = custody.repair(record.id, (kind) => ({ id: mint('audt', kind), stamp: stamp(kind) }));
    return { body: repair, location: `/v1/versions/${record.id}/repair` };
  },
});
