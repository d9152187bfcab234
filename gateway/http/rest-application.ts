import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import type { ApiKeyStore } from '../auth/api-keys.ts';
import { authenticate, requireScope } from '../auth/authenticate.ts';
import type { Services } from '../services.ts';
import { problemResponse, send } from './answer.ts';
import type { Metrics } from './metrics.ts';
import { Rejection } from './problem.ts';
import { problemOf } from './problem-of.ts';
import type { RequestStore } from './request-store.ts';
import type { Route } from './route.ts';
import { type ServePowers, serveRoute } from './serve-route.ts';
import { Slots } from './slots.ts';
import { traceFrom } from './trace.ts';

export type RestPowers = {
  readonly services: Services;
  readonly routes: readonly Route[];
  readonly keys: ApiKeyStore;
  readonly requests: RequestStore;
  readonly metrics: Metrics;
  readonly stopping: AbortSignal;
  readonly checkReplies?: boolean;
};

/** Health and metrics are also where machines look for them, outside the version. */
const unversioned = new Set(['/livez', '/readyz', '/metrics']);

/** The REST interface as an Express application: every route of the list, nothing else. */
export function restApplication({
  services,
  routes,
  keys,
  requests,
  metrics,
  stopping,
  checkReplies = false,
}: RestPowers): Express {
  const app = express();
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('query parser', false)
    .set('case sensitive routing', true)
    .set('strict routing', true);
  app.use(
    helmet({
      contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] }, useDefaults: false },
    }),
  );
  app.use((request, _response, next) => {
    if (unversioned.has(request.url)) request.url = `/v1${request.url}`;
    next();
  });
  const limit = perKeyLimit(services.config.limits.requestsPerMinute);
  const powers: ServePowers = {
    services,
    requests,
    metrics,
    stopping,
    checkReplies,
    uploads: new Slots(services.config.limits.concurrentUploads, 'TOO_MANY_UPLOADS'),
    watches: new Slots(services.config.limits.concurrentWatches, 'TOO_MANY_WATCHES'),
    async authenticate(incoming, outgoing, route) {
      const caller = authenticate(incoming.headers.authorization, keys, services.organization, services.keyedHash);
      await limit(incoming, outgoing, caller.keyId);
      if (route.scope !== 'anyone') requireScope(caller, route.scope);
      return caller;
    },
  };
  for (const route of routes) {
    app[route.method](route.path, (request: Request, response: Response) =>
      serveRoute(
        route,
        { incoming: request, outgoing: response, params: request.params, url: request.originalUrl },
        powers,
      ),
    );
  }
  app.use((request: Request, response: Response) => {
    const offered = routes
      .filter((route) => matches(route.path, request.path))
      .map(({ method }) => method.toUpperCase());
    const error =
      offered.length > 0
        ? new Rejection('METHOD_NOT_ALLOWED', `Offered here: ${offered.join(', ')}.`, {
            headers: { Allow: offered.join(', ') },
          })
        : new Rejection('ROUTE_NOT_FOUND', 'There is no such path; GET /v1/openapi.json lists all.');
    refuse(request, response, error, services);
  });
  app.use((error: unknown, request: Request, response: Response, _next: unknown) => {
    // What Express itself objects to, such as a path that does not decode.
    const known = error instanceof URIError ? new Rejection('REQUEST_INVALID', 'The path is not well formed.') : error;
    refuse(request, response, known, services);
  });
  return app;
}

function refuse(incoming: Request, outgoing: Response, error: unknown, services: Services): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const { traceId } = traceFrom(incoming.get('traceparent'), services.random);
  const { problem, headers } = problemOf(error, { instance: incoming.originalUrl, traceId, write: false });
  send(incoming, outgoing, problemResponse(problem, headers));
}

/** Requests per minute of one key, told in the headers of draft-ietf-httpapi-ratelimit-headers-08. */
function perKeyLimit(
  perMinute: number,
): (incoming: IncomingMessage, outgoing: ServerResponse, keyId: string) => Promise<void> {
  const keyIds = new WeakMap<object, string>();
  const limiter = rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'per-key',
    keyGenerator: (request) => keyIds.get(request) ?? '',
    handler: (_request, _response, next) =>
      next(new Rejection('RATE_LIMITED', `A key may make ${perMinute} requests a minute.`)),
    validate: false,
  });
  return (incoming, outgoing, keyId) => {
    keyIds.set(incoming, keyId);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    limiter(incoming as Request, outgoing as Response, (error?: unknown) =>
      error === undefined ? resolve() : reject(error),
    );
    return promise;
  };
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((step, at) => step.startsWith(':') || step === given[at]);
}
