import { refusals } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { refusalStatus } from './problem.ts';
import type { Route } from './route.ts';

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    traceId: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    retryable: z.boolean().describe('Whether the same request, with the same Idempotency-Key, may succeed later'),
    fabric: z
      .object({ txId: z.string().optional(), code: z.string().optional(), details: z.array(z.unknown()).optional() })
      .optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

/** Writes the OpenAPI 3.1 document of a list of routes: from the same schemas that parse requests. */
export function openApiDocument(routes: readonly Route[]): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'D-Cloud gateway',
      version: '0.1.0',
      description: 'Datasets, grants, models, jobs and their evidence in a consortium that no single company owns.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: "An organization's own gateway" }],
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'dck_<id>_<secret>' } },
    },
    paths,
  });
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const open = route.scope === 'anyone';
  return {
    operationId: route.operation,
    summary: route.summary,
    tags: [route.operation.split('.', 1)[0] ?? ''],
    security: open ? [] : [{ apiKey: [] }],
    'x-scope': route.scope,
    requestParams: {
      ...(route.params !== undefined && { path: route.params as z.ZodObject }),
      ...(route.query !== undefined && { query: route.query as z.ZodObject }),
      ...(route.idempotent && {
        header: z.object({
          'Idempotency-Key': z
            .string()
            .min(1)
            .max(128)
            .describe('The same key with the same request gives the first answer again for 24 hours'),
        }),
      }),
    },
    ...requestBodyOf(route),
    responses: { [route.status ?? 200]: successOf(route), ...problemsOf(route) },
  };
}

function requestBodyOf(route: Route): Pick<ZodOpenApiOperationObject, 'requestBody'> {
  if (route.form === 'json' && route.body !== undefined) {
    return {
      requestBody: {
        required: !route.body.safeParse(undefined).success,
        content: { 'application/json': { schema: route.body } },
      },
    };
  }
  if (route.form === 'none') return {};
  return { requestBody: { required: true, content: mediaTypes(route.consumes) } };
}

function successOf(route: Route) {
  const json = route.response === undefined ? {} : { 'application/json': { schema: route.response } };
  const streams = mediaTypes(route.produces.filter((type) => type !== 'application/json'));
  return { description: route.summary, ...(route.status !== 204 && { content: { ...json, ...streams } }) };
}

function mediaTypes(types: readonly string[]) {
  return Object.fromEntries(
    types.map((type) => [type, { schema: z.string().meta({ override: { type: 'string', format: 'binary' } }) }]),
  );
}

function problemsOf(route: Route) {
  const statuses = new Map<number, string>();
  const add = (status: number, code: string) =>
    statuses.set(status, [statuses.get(status), code].filter(Boolean).join(', '));
  if (route.scope !== 'anyone') {
    add(401, 'UNAUTHENTICATED');
    add(403, 'SCOPE_MISSING');
    add(429, 'RATE_LIMITED');
  }
  add(400, 'REQUEST_INVALID');
  if (route.form !== 'none') {
    add(413, 'BODY_TOO_LARGE');
    add(415, 'MEDIA_TYPE_UNSUPPORTED');
  }
  if (route.idempotent) {
    add(409, 'REQUEST_RUNNING');
    add(422, 'IDEMPOTENCY_KEY_REUSED');
    add(503, 'UNAVAILABLE');
  }
  for (const code of route.refusals ?? []) add(refusalStatus[refusals[code]], code);
  return Object.fromEntries(
    [...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, codes]) => [
        status,
        { description: codes, content: { 'application/problem+json': { schema: problem } } },
      ]),
  );
}
