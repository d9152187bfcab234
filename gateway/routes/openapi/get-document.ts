import { z } from 'zod';
import { route } from '../../http/route.ts';

export const getDocument = route({
  method: 'get',
  path: '/v1/openapi.json',
  operation: 'document.get',
  summary: 'Get this description of the API (OpenAPI 3.1)',
  scope: 'consortium:read',
  idempotent: false,
  response: z.looseObject({ openapi: z.string() }),
  handle: async (_request, { document }) => ({ body: document() }),
});
