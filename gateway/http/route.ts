/** What a REST operation is: one definition from which the router, the checks and the OpenAPI document all come. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Id, IdKind, RefusalCode, RequestStamp, SubmitName, Submits } from '@d-cloud/chaincode/domain';
import type { Logger } from 'pino';
import type { ZodType, z } from 'zod';
import type { Caller } from '../auth/caller.ts';
import type { Scope } from '../auth/scopes.ts';
import type { GatewayLedger, SubmitOptions, Submitted } from '../ledger.ts';
import type { Services } from '../services.ts';

/** `json`: strict JSON, at most 1 MiB, parsed by the schema. `none`: a body is refused. `stream`: the handler reads `exchange.incoming` itself. */
type BodyForm = 'json' | 'stream' | 'none';

/** A request that has been authenticated, scoped, parsed and, where the route says so, found to be the first with its key. */
export type RouteRequest<P = unknown, Q = unknown, B = unknown> = {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly caller: Caller;
  /** Ends when the caller goes away or the gateway stops. Reads should stop then, writes should not. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** W3C trace context to hand on, as a `traceparent` header's value. */
  readonly traceparent: string;
  /** The ledger, signing with the certificate of the caller's role. */
  readonly ledger: GatewayLedger;
  /** The stamp of one of this request's transactions; `step` tells several apart. The same request sent again gives the same stamps. */
  stamp(step?: string): RequestStamp;
  /** Submits under `stamp(step)`, waits until the block is VALID at the own peer and projected. */
  submit<N extends SubmitName>(
    name: N,
    body: Submits[N]['body'],
    options?: SubmitOptions & { readonly step?: string },
  ): Promise<Submitted<N>>;
  /** An id that only this organization can foresee; the same request sent again mints the same one. `part` tells several of a kind apart. */
  mint<K extends IdKind>(kind: K, part?: string): Id<K>;
  /** 32 secret bytes bound to this request and `part`, for salts; the same request sent again gets the same ones. */
  derive(part: string): Uint8Array;
};

/** A schema's value as records hold it: nothing in it is written to. */
export type Readonlied<T> = unknown extends T
  ? T
  : T extends string | number | boolean | bigint | null | undefined
    ? T
    : T extends readonly (infer I)[]
      ? readonly Readonlied<I>[]
      : { readonly [K in keyof T]: Readonlied<T[K]> };

/** What a handler answers. `status` defaults to the route's own. */
export type Reply<R = unknown> = {
  readonly body: R;
  readonly status?: number;
  /** Path of what was made. */
  readonly location?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The plain Node request and response, for routes that stream. Writing an answer is then the handler's own task; throwing before the first byte still becomes problem+json. */
export type Exchange = { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };

type Described = {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** In Express's form, from the root: `/v1/datasets/:id`. */
  readonly path: string;
  /** `resource.verb`, unique: the OpenAPI operationId and the metrics label. */
  readonly operation: string;
  readonly summary: string;
  /** The scope a key must have; `anyone` needs no key (liveness only). */
  readonly scope: Scope | 'anyone';
  /** True: `Idempotency-Key` is required and the first answer is given again. */
  readonly idempotent: boolean;
  /** Refusals the operation is known to give, for the document. */
  readonly refusals?: readonly RefusalCode[];
  /** Status of success; 200 where it is left out. */
  readonly status?: 200 | 201 | 202 | 204;
};

type Shapes<P extends ZodType, Q extends ZodType, B extends ZodType, R extends ZodType> = {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly response?: R;
};

type Handled<P extends ZodType, Q extends ZodType, B extends ZodType, R extends ZodType> =
  | {
      readonly raw?: false;
      handle(
        request: RouteRequest<z.output<P>, z.output<Q>, z.output<B>>,
        services: Services,
      ): Promise<Reply<Readonlied<z.input<R>>>>;
    }
  | {
      readonly raw: true;
      /** Media types of the request body where the handler reads a stream. */
      readonly consumes?: readonly string[];
      /** Media types it may answer with. */
      readonly produces: readonly string[];
      /** Answers on `exchange.outgoing`, or returns a JSON reply, which alone is stored for `Idempotency-Key`. */
      handle(
        request: RouteRequest<z.output<P>, z.output<Q>, z.output<B>>,
        services: Services,
        exchange: Exchange,
      ): Promise<Reply<Readonlied<z.input<R>>> | undefined>;
    };

/** A route with its types forgotten: what the router, the checks and the document work with. */
export type Route = Described &
  Shapes<ZodType, ZodType, ZodType, ZodType> & {
    readonly raw: boolean;
    readonly consumes: readonly string[];
    readonly produces: readonly string[];
    readonly form: BodyForm;
    handle(request: RouteRequest, services: Services, exchange: Exchange): Promise<Reply | undefined>;
  };

/**
 * Defines one operation. Schemas of `params`, `query` and `body` should be strict objects: what they do not name is refused with 400.
 * A body schema means JSON; `consumes` means a stream; neither means that a body is refused.
 */
export function route<
  P extends ZodType = ZodType<Record<string, never>>,
  Q extends ZodType = ZodType<Record<string, never>>,
  B extends ZodType = ZodType<undefined>,
  R extends ZodType = ZodType<unknown>,
>(definition: Described & Shapes<P, Q, B, R> & Handled<P, Q, B, R>): Route {
  const consumes = definition.raw === true ? (definition.consumes ?? []) : [];
  return {
    ...definition,
    raw: definition.raw === true,
    consumes,
    produces: definition.raw === true ? definition.produces : [],
    form: definition.body !== undefined ? 'json' : consumes.length > 0 ? 'stream' : 'none',
    // The router hands over only what these very schemas have parsed.
    handle: definition.handle as Route['handle'],
  };
}
