import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf } from '../schemas/ids.ts';
import { erasureBody, erasureOf, erasureView } from './erasure-view.ts';

export const getVersionErasure = route({
  method: 'get',
  path: '/v1/versions/:id/erasure',
  operation: 'version.getErasure',
  summary: 'Show the erasure of a version: its record, and to its owner how far it is and the certificate',
  scope: 'datasets:read',
  idempotent: false,
  refusals: ['VERSION_NOT_FOUND', 'ERASURE_NOT_FOUND'],
  params: z.strictObject({ id: idOf('vers') }),
  response: erasureView,
  async handle({ params }, services) {
    return { body: erasureBody(erasureOf(services.readModel, 'version', params.id), services) };
  },
});
