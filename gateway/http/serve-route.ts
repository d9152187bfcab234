import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Refusal } from '@d-cloud/chaincode/domain';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import type { Services } from '../services.ts';
import { problemResponse, responseOf, send } from './answer.ts';
import { fingerprintOf, readIdempotencyKey } from './idempotency.ts';
import { bringsBody, readJsonBody, refuseBody } from './json-body.ts';
import type { Metrics } from './metrics.ts';
import { parseInput, readQuery } from './parse-input.ts';
import { Rejection } from './problem.ts';
import { problemOf } from './problem-of.ts';
import { requestPowers } from './request-powers.ts';
import type { RequestName, RequestStore, StoredResponse } from './request-store.ts';
import type { Route, RouteRequest } from './route.ts';
import type { Slots } from './slots.ts';
import { type Trace, traceFrom } from './trace.ts';

export type ServePowers = {
  readonly services: Services;
  readonly requests: RequestStore;
  readonly metrics: Metrics;
  readonly uploads: Slots;
  readonly watches: Slots;
  /** Asked by streams of events: they end at once when the gateway stops; everything else may finish. */
  readonly stopping: AbortSignal;
  /** Finds who asks. Throws `Rejection`. */
  readonly authenticate: (incoming: IncomingMessage, outgoing: ServerResponse, route: Route) => Promise<Caller>;
  /** Holds every reply against the route's schema: for tests. */
  readonly checkReplies: boolean;
};

type Incoming = {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly params: unknown;
  readonly url: string;
};

const nobody: Omit<Caller, 'organization'> = { role: 'compliance', person: '', keyId: '', scopes: new Set() };

/** Takes one request through a route: who, may they, what, once only; then the handler; then exactly one answer. */
export async function serveRoute(route: Route, exchange: Incoming, powers: ServePowers): Promise<void> {
  const { incoming, outgoing, url } = exchange;
  const { services, metrics } = powers;
  const begun = performance.now();
  const trace = traceFrom(headerOf(incoming, 'traceparent'), services.random);
  const log = services.log.child({ traceId: trace.traceId, operation: route.operation });
  let keyId = '';
  outgoing.once('close', () => {
    const seconds = (performance.now() - begun) / 1_000;
    metrics.answered(route.operation, outgoing.statusCode, seconds);
    log.info({ keyId, status: outgoing.statusCode, ms: Math.round(seconds * 1e4) / 10 }, 'answered');
  });
  try {
    const caller =
      route.scope === 'anyone'
        ? { ...nobody, organization: services.organization }
        : await powers.authenticate(incoming, outgoing, route);
    keyId = caller.keyId;
    await answerOnce(route, exchange, powers, caller, trace, log);
  } catch (error) {
    const response = failureOf(error, route, url, trace, log, metrics);
    if (outgoing.headersSent) outgoing.destroy();
    else send(incoming, outgoing, response);
  }
}

async function answerOnce(
  route: Route,
  exchange: Incoming,
  powers: ServePowers,
  caller: Caller,
  trace: Trace,
  log: Logger,
): Promise<void> {
  const { incoming, outgoing, url } = exchange;
  const params = parseInput('params', route.params, { ...(exchange.params as object) });
  const rawQuery = readQuery(url);
  const query = parseInput('query', route.query, rawQuery);
  const key = readIdempotencyKey(incoming);
  if (route.idempotent && key === undefined) {
    throw new Rejection(
      'IDEMPOTENCY_KEY_MISSING',
      'Send an Idempotency-Key header, such as a fresh UUID, and the same one when you try again.',
    );
  }
  if (route.form === 'none') refuseBody(incoming);
  if (route.form === 'stream') requireMediaType(incoming, route.consumes);
  const rawBody = route.form === 'json' && bringsBody(incoming) ? await readJsonBody(incoming) : undefined;
  const body = parseInput('body', route.body, rawBody);
  const path = url.split('?', 1)[0] ?? url;
  const digest = fingerprintOf(incoming, path, rawQuery, rawBody, route.form === 'stream');
  const { services } = powers;
  const stampKey = route.idempotent && key !== undefined ? key : Buffer.from(services.random(16)).toString('hex');
  const ends = signalOf(outgoing, route, powers.stopping);
  const request: RouteRequest = {
    params,
    query,
    body,
    caller,
    signal: ends,
    log,
    traceparent: trace.traceparent,
    ...requestPowers(services, caller, stampKey, digest),
  };
  using _slot = slotOf(route, powers)?.take(caller.keyId);
  const run = async (): Promise<StoredResponse | undefined> => {
    const reply = await route.handle(request, services, { incoming, outgoing });
    if (reply === undefined) return undefined;
    if (powers.checkReplies) route.response?.parse(reply.body);
    return responseOf(reply, route.status ?? 200);
  };
  if (!route.idempotent) {
    const response = await run();
    if (response !== undefined) send(incoming, outgoing, response);
    return;
  }
  const name = { person: caller.person, key: stampKey, fingerprint: digest };
  // A streamed body is not part of the fingerprint: only its handler, which reads it, can tell a repetition from other bytes.
  const keep = route.form !== 'stream';
  const response = await once(name, { requests: powers.requests, keep }, run, (refusal) =>
    failureOf(refusal, route, url, trace, log, powers.metrics),
  );
  if (response !== undefined) send(incoming, outgoing, response);
}

/** Runs a request unless it has run: the answer, or the ledger's refusal, is kept and given again; after a fault it may run again. */
async function once(
  name: RequestName,
  { requests, keep }: { readonly requests: RequestStore; readonly keep: boolean },
  run: () => Promise<StoredResponse | undefined>,
  refused: (refusal: Refusal) => StoredResponse,
): Promise<StoredResponse | undefined> {
  const beginning = requests.begin(name);
  if (beginning.kind === 'mismatch') {
    throw new Rejection(
      'IDEMPOTENCY_KEY_REUSED',
      'This Idempotency-Key came with another request before. Take a fresh key for a new request.',
    );
  }
  if (beginning.kind === 'running')
    throw new Rejection('REQUEST_RUNNING', 'The first request with this Idempotency-Key has no answer yet.');
  if (beginning.kind === 'answered') {
    const { headers, ...stored } = beginning.response;
    return { ...stored, headers: { ...headers, 'Idempotency-Replayed': 'true' } };
  }
  try {
    const response = await run();
    if (response === undefined || !keep) requests.release(name);
    else requests.answer(name, response);
    return response;
  } catch (error) {
    if (!(error instanceof Refusal) || !keep) {
      requests.release(name);
      throw error;
    }
    const response = refused(error);
    requests.answer(name, response);
    return response;
  }
}

function failureOf(
  error: unknown,
  route: Route,
  instance: string,
  trace: Trace,
  log: Logger,
  metrics: Metrics,
): StoredResponse {
  const { problem, headers } = problemOf(error, { instance, traceId: trace.traceId, write: route.idempotent });
  metrics.refused(route.operation, problem.code);
  if (problem.status >= 500) log.error({ err: error, code: problem.code }, 'failed');
  else log.debug({ code: problem.code, detail: problem.detail }, 'refused');
  return problemResponse(problem, headers);
}

function signalOf(outgoing: ServerResponse, route: Route, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  return isWatch(route) ? AbortSignal.any([gone.signal, stopping]) : gone.signal;
}

function isWatch(route: Route): boolean {
  return route.produces.includes('text/event-stream');
}

function slotOf(route: Route, { uploads, watches }: ServePowers): Slots | undefined {
  if (route.form === 'stream') return uploads;
  return isWatch(route) ? watches : undefined;
}

function requireMediaType(incoming: IncomingMessage, consumes: readonly string[]): void {
  if ((incoming.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Rejection('MEDIA_TYPE_UNSUPPORTED', 'Uploads are taken without a content encoding.');
  }
  const type = (incoming.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!consumes.includes('*/*') && !consumes.includes(type)) {
    throw new Rejection('MEDIA_TYPE_UNSUPPORTED', `This operation takes ${consumes.join(', ')}.`);
  }
  if (!/^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/.test(type)) {
    throw new Rejection('MEDIA_TYPE_UNSUPPORTED', 'State the media type of the content in Content-Type.');
  }
}

function headerOf(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
