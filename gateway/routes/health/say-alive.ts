import { z } from 'zod';
import { route } from '../../http/route.ts';

export const sayAlive = route({
  method: 'get',
  path: '/v1/livez',
  operation: 'health.live',
  summary: 'Say that the process answers',
  scope: 'anyone',
  idempotent: false,
  response: z.object({ alive: z.literal(true) }),
  handle: async () => ({ body: { alive: true as const } }),
});
