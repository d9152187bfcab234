import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { storageBody, storageView } from './storage-view.ts';

export const auditVersion = route({
  method: 'post',
  path: '/v1/versions/:id/audit',
  operation: 'version.audit',
  summary: 'Ask the storage nodes of a version of yours for a sample of its blocks now, and record what they gave',
  scope: 'datasets:write',
  idempotent: true,
  refusals: ['VERSION_NOT_FOUND', 'CALLER_NOT_OWNER'],
  params: z.strictObject({ id: idOf('vers') }),
  body: z.strictObject({}).optional(),
  response: storageView,
  async handle({ params, mint, stamp }, { readModel, custody }) {
    const { record } = find(readModel, 'version', params.id);
    await custody.audit(record.id, (kind) => ({ id: mint('audt', kind), stamp: stamp(kind) }));
    return { body: storageBody(custody.storageOf(record.id), readModel) };
  },
});
