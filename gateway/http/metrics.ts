import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = {
  readonly registry: Registry;
  /** An operation was answered. */
  answered(operation: string, status: number, seconds: number): void;
  /** Something was refused or failed, by its code. */
  refused(operation: string, code: string): void;
};

/** This process's metrics, in their own registry, so that several gateways can live in one process. */
export function gatewayMetrics(projectedBlock: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'dcloud_gateway_' });
  const seconds = new Histogram({
    name: 'dcloud_gateway_request_seconds',
    help: 'Time to answer, by operation and status.',
    labelNames: ['operation', 'status'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60],
    registers: [registry],
  });
  const refused = new Counter({
    name: 'dcloud_gateway_refusals_total',
    help: 'Requests that were refused or failed, by operation and code.',
    labelNames: ['operation', 'code'],
    registers: [registry],
  });
  new Gauge({
    name: 'dcloud_gateway_projected_block',
    help: 'Newest ledger block in the read model.',
    registers: [registry],
    collect() {
      this.set(projectedBlock());
    },
  });
  return {
    registry,
    answered: (operation, status, elapsed) => seconds.observe({ operation, status: String(status) }, elapsed),
    refused: (operation, code) => refused.inc({ operation, code }),
  };
}
