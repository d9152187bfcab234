/** Steps of the stories about erasures. */
import { randomUUID } from 'node:crypto';
import type { RestClient } from '@d-cloud/gateway/cli';
import { until } from './until.ts';

export type Erasure = {
  readonly id: string;
  readonly state: 'requested' | 'erased';
  readonly versions: readonly string[];
  readonly derived: readonly string[];
  readonly whole: boolean;
  readonly certificate?: string;
  readonly progress?: {
    readonly keysDestroyedAt?: string;
    readonly nodes: readonly {
      readonly node: string;
      readonly organization: string;
      readonly outcome: string;
      readonly removed: number;
      readonly absent: number;
    }[];
    readonly certificate?: string;
  };
  readonly ledger: { readonly block: number };
};

export function requestErasure(
  rest: RestClient,
  version: string,
  idempotencyKey: string = randomUUID(),
): Promise<Erasure> {
  const body = { reason: 'a test', confirm: version };
  return rest.call('POST', `/versions/${version}/erasure`, { body, idempotencyKey });
}

export function erasureOf(rest: RestClient, version: string): Promise<Erasure> {
  return rest.call('GET', `/versions/${version}/erasure`);
}

/** Waits until an erasure is certified and recorded. */
export function erased(rest: RestClient, version: string, withinMs = 120_000): Promise<Erasure> {
  return until(
    `${version} to be erased`,
    async () => {
      const erasure = await erasureOf(rest, version);
      return erasure.state === 'erased' && erasure;
    },
    withinMs,
  );
}
