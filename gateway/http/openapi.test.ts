import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { scopes } from '../auth/scopes.ts';
import { routes } from '../routes/index.ts';
import type { Loose } from '../testing/index.ts';
import { openApiDocument } from './openapi.ts';

const committed = new URL('../../../docs/openapi.json', import.meta.url);

describe('the OpenAPI document', () => {
  const document = openApiDocument(routes) as Loose;
  const operations = Object.values<Loose>(document.paths).flatMap((path) => Object.values<Loose>(path));

  test('has every route once, each with its scope, its key and its problems', () => {
    expect(operations.length).toBe(routes.length);
    expect(operations.length).toBeGreaterThan(35);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const operation of operations) {
      const open = operation.operationId === 'health.live';
      expect(operation.security).toEqual(open ? [] : [{ apiKey: [] }]);
      if (!open) expect(scopes).toContain(operation['x-scope']);
      const problems = Object.keys(operation.responses).filter((status) => Number(status) >= 400);
      for (const status of open ? ['400'] : ['400', '401', '403', '429']) expect(problems).toContain(status);
      for (const status of problems)
        expect(Object.keys(operation.responses[status].content)).toEqual(['application/problem+json']);
    }
  });

  test('reads need a read scope, administration its own, and every write needs an Idempotency-Key', () => {
    const dryRuns = new Set(['grant.check']);
    for (const { method, path, scope, idempotent, operation } of routes) {
      if (scope === 'anyone' || dryRuns.has(operation)) continue;
      if (path.startsWith('/v1/admin/')) expect([operation, scope]).toEqual([operation, 'consortium:admin']);
      else expect([operation, scope.endsWith(':read')]).toEqual([operation, method === 'get']);
      expect([operation, idempotent]).toEqual([operation, method !== 'get']);
    }
  });

  test('objects in bodies take what they name and nothing else', () => {
    for (const operation of operations) {
      const schema = operation.requestBody?.content['application/json']?.schema;
      if (schema?.type === 'object')
        expect([operation.operationId, schema.additionalProperties]).toEqual([operation.operationId, false]);
    }
  });

  test('is the committed one (write it again with: node gateway/dist/testing/write-document.js)', () => {
    // Compared as text, because a difference would fill screens.
    expect(`${JSON.stringify(document, null, 2)}\n` === readFileSync(committed, 'utf8')).toBe(true);
  });
});
