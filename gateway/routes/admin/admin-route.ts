/** What all operations of administration share: the scope, the gateway's power to administer, and how Fabric's no is told. */

import { SignaturesMissing, WreckingChange } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { ZodType, z } from 'zod';
import type { Administration } from '../../admin/administration.ts';
import { ChangeEnded, ChangeUnknown } from '../../admin/changes.ts';
import { Rejection } from '../../http/problem.ts';
import { type Readonlied, type Reply, type Route, type RouteRequest, route } from '../../http/route.ts';
import type { Services } from '../../services.ts';

type Definition<P extends ZodType, Q extends ZodType, B extends ZodType, R extends ZodType> = Pick<
  Route,
  'method' | 'path' | 'operation' | 'summary'
> & {
  readonly status?: 200 | 201 | 204;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly response?: R;
  handle(
    request: RouteRequest<z.output<P>, z.output<Q>, z.output<B>>,
    administration: Administration,
    services: Services,
  ): Promise<Reply<Readonlied<z.input<R>>>>;
};

/** Defines an operation of administration: for the admin role alone; everything but GET needs an Idempotency-Key. */
export function adminRoute<
  P extends ZodType = ZodType<Record<string, never>>,
  Q extends ZodType = ZodType<Record<string, never>>,
  B extends ZodType = ZodType<undefined>,
  R extends ZodType = ZodType<unknown>,
>(definition: Definition<P, Q, B, R>): Route {
  const { handle, ...described } = definition;
  return route<P, Q, B, R>({
    ...described,
    scope: 'consortium:admin',
    idempotent: definition.method !== 'get',
    async handle(request, services) {
      try {
        return await handle(request, administrationOf(services), services);
      } catch (error) {
        throw rejected(error);
      }
    },
  });
}

export function administrationOf({ administration }: Services): Administration {
  if (administration !== undefined) return administration;
  throw new Rejection(
    'ADMINISTRATION_ABSENT',
    "This gateway's configuration has no section admin: ask the organization's gateway that has one.",
  );
}

/** A Fault that asking again does not mend is an answer to the caller, in its own sentence. */
export function rejected(error: unknown): unknown {
  if (!(error instanceof Fault)) return error;
  if (error instanceof WreckingChange) return new Rejection('CHANGE_WRECKS_CHANNEL', error.message);
  if (error instanceof SignaturesMissing) return new Rejection('SIGNATURES_MISSING', error.message);
  if (error instanceof ChangeUnknown) return new Rejection('CHANGE_NOT_FOUND', error.message);
  if (error instanceof ChangeEnded) return new Rejection('CHANGE_ENDED', error.message);
  if (error.kind === 'contended') return new Rejection('CHANGE_STALE', error.message);
  return error.retryable ? error : new Rejection('ADMINISTRATION_REFUSED', error.message);
}
