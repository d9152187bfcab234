import { route } from '../../http/route.ts';

export const getMetrics = route({
  method: 'get',
  path: '/v1/metrics',
  operation: 'health.metrics',
  summary: 'Get metrics in the Prometheus text format',
  scope: 'metrics:read',
  idempotent: false,
  raw: true,
  produces: ['text/plain'],
  async handle(_request, { metrics }) {
    const { registry } = metrics;
    return { body: await registry.metrics(), headers: { 'Content-Type': registry.contentType } };
  },
});
