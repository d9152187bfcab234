/** Steps of the stories about erasures. */
import { randomUUID } from 'node:crypto';
import type { ErasureView, RestClient } from '@d-cloud/gateway/cli';
import { until } from './until.ts';

export function requestErasure(
  rest: RestClient,
  version: string,
  idempotencyKey: string = randomUUID(),
): Promise<ErasureView> {
  const body = { reason: 'a test', confirm: version };
  return rest.call('POST', `/versions/${version}/erasure`, { body, idempotencyKey });
}

export function erasureOf(rest: RestClient, version: string): Promise<ErasureView> {
  return rest.call('GET', `/versions/${version}/erasure`);
}

/** Waits until an erasure is certified and recorded. */
export function erased(rest: RestClient, version: string, withinMs = 120_000): Promise<ErasureView> {
  return until(
    `${version} to be erased`,
    async () => {
      const erasure = await erasureOf(rest, version);
      return erasure.state === 'erased' && erasure;
    },
    withinMs,
  );
}
