import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { storageBody, storageView } from './storage-view.ts';

export const repairVersion = route({
  method: 'post',
  path: '/v1/versions/:id/repair',
  operation: 'version.repair',
  summary: 'Audit a version of yours now and put back what is lost: the same blocks, computed without keys',
  scope: 'datasets:write',
  idempotent: true,
  refusals: ['VERSION_NOT_FOUND', 'CALLER_NOT_OWNER'],
  params: z.strictObject({ id: idOf('vers') }),
  body: z.strictObject({}).optional(),
  response: storageView.extend({
    repaired: z.int().describe('Blocks that were put back or moved'),
    stuck: z.array(z.string()).describe('What should be done and could not be'),
  }),
  async handle({ params, mint, stamp }, { readModel, custody }) {
    const { record } = find(readModel, 'version', params.id);
    const { records, stuck } = await custody.repair(record.id, (kind) => ({
      id: mint('audt', kind),
      stamp: stamp(kind),
    }));
    const repaired = records.flatMap(({ nodes }) => nodes).reduce((sum, node) => sum + node.repaired, 0);
    return { body: { ...storageBody(custody.storageOf(record.id), readModel), repaired, stuck } };
  },
});
