import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { storageBody, storageView } from './storage-view.ts';

export const getStorage = route({
  method: 'get',
  path: '/v1/versions/:id/storage',
  operation: 'version.getStorage',
  summary: 'Show how a version of yours is stored, where its fragments lie, and who could rebuild it',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['VERSION_NOT_FOUND', 'CALLER_NOT_OWNER'],
  params: z.strictObject({ id: idOf('vers') }),
  response: storageView,
  async handle({ params }, { readModel, custody }) {
    const { record } = find(readModel, 'version', params.id);
    return { body: storageBody(custody.storageOf(record.id), readModel) };
  },
});
