import { z } from 'zod';
import { Rejection } from '../../http/problem.ts';
import { route } from '../../http/route.ts';

export const getTransaction = route({
  method: 'get',
  path: '/v1/transactions/:id',
  operation: 'transaction.get',
  summary: 'Get where a transaction stands on the ledger, whose it is and whether it was valid',
  scope: 'consortium:read',
  idempotent: false,
  params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{64}$/, 'must be a Fabric transaction id') }),
  response: z
    .object({
      id: z.string(),
      block: z.int(),
      index: z.int(),
      creator: z.string().describe('MSP id'),
      function: z.string(),
      validation: z.string(),
      time: z.string(),
    })
    .meta({ id: 'LedgerTransaction' }),
  async handle({ params }, { readModel }) {
    const transaction = readModel.transaction(params.id);
    if (transaction === undefined)
      throw new Rejection('ROUTE_NOT_FOUND', 'No block up to now has a transaction with this id.');
    return { body: transaction };
  },
});
