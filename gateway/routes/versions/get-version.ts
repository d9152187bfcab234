import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf } from '../schemas/ids.ts';
import { viewOf } from '../schemas/page.ts';
import { versionView } from './version-view.ts';

export const getVersion = route({
  method: 'get',
  path: '/v1/versions/:id',
  operation: 'version.get',
  summary: 'Show a version: its record, with its place on the ledger',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['VERSION_NOT_FOUND'],
  params: z.strictObject({ id: idOf('vers') }),
  response: versionView,
  async handle({ params }, { readModel }) {
    return { body: viewOf(find(readModel, 'version', params.id)) };
  },
});
