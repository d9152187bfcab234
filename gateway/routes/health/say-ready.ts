import { z } from 'zod';
import { route } from '../../http/route.ts';

const probeTimeoutMs = 2_000;

export const sayReady = route({
  method: 'get',
  path: '/v1/readyz',
  operation: 'health.ready',
  summary: 'Say of each part this gateway needs whether it answers; 503 when one does not',
  scope: 'consortium:read',
  idempotent: false,
  response: z.object({
    ready: z.boolean(),
    block: z.int(),
    dependencies: z.array(z.object({ name: z.string(), ready: z.boolean(), detail: z.string().optional() })),
  }),
  async handle({ signal }, { probes, readModel }) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]);
    const dependencies = await Promise.all(
      probes.map(async ({ name, probe }) => {
        try {
          const told = await probe(within);
          return { name, ready: true, ...(typeof told === 'string' ? { detail: told } : {}) };
        } catch (error) {
          return { name, ready: false, detail: error instanceof Error ? error.message : 'does not answer' };
        }
      }),
    );
    const ready = dependencies.every((dependency) => dependency.ready);
    return { status: ready ? 200 : 503, body: { ready, block: readModel.block, dependencies } };
  },
});
