import { type RefusalKind, refusals } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import { Rejection, refusalStatus, rejections } from '../../http/problem.ts';
import { route } from '../../http/route.ts';

/** Where a problem's `type` leads. */
export const getProblem = route({
  method: 'get',
  path: '/v1/problems/:code',
  operation: 'problem.get',
  summary: 'Say what a problem code means',
  scope: 'consortium:read',
  idempotent: false,
  params: z.strictObject({ code: z.string().regex(/^[A-Z][A-Z_]{1,63}$/, 'must be a problem code') }),
  response: z.object({ code: z.string(), status: z.int(), kind: z.string(), title: z.string() }),
  async handle({ params: { code } }) {
    const kind: RefusalKind | undefined = new Map<string, RefusalKind>(Object.entries(refusals)).get(code);
    if (kind !== undefined) {
      const title = `The rules of the ledger say no: ${code.toLowerCase().replaceAll('_', ' ')}`;
      return { body: { code, status: refusalStatus[kind], kind, title } };
    }
    const known = Object.entries(rejections).find(([name]) => name === code)?.[1];
    if (known === undefined) throw new Rejection('ROUTE_NOT_FOUND', 'There is no such problem code.');
    return { body: { code, status: known[0], kind: 'request', title: known[1] } };
  },
});
