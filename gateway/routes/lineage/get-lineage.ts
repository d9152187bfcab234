import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { idOf, mspId } from '../schemas/ids.ts';
import { ledgerPlace, pageQuery } from '../schemas/page.ts';
import { lineageNames } from './lineage-names.ts';

const edge = z
  .object({
    child: idOf('vers'),
    parent: idOf('vers'),
    job: z.string().optional(),
    model: z.string().optional().describe('`<model>:<number>`'),
    block: z.int(),
    transaction: z.string(),
    distance: z.int().describe('Steps from the version asked about, from 1'),
  })
  .meta({ id: 'LineageEdge' });

export const getLineage = route({
  method: 'get',
  path: '/v1/lineage/:version',
  operation: 'lineage.get',
  summary: 'Walk from a version to what it came from, or to what came of it, nearest first',
  scope: 'lineage:read',
  idempotent: false,
  refusals: ['VERSION_NOT_FOUND'],
  params: z.strictObject({ version: idOf('vers') }),
  query: z.strictObject({
    direction: z.enum(['upstream', 'downstream']).default('upstream'),
    depth: z
      .string()
      .regex(/^[1-9]\d?$/, 'must be a whole number from 1 to 32')
      .transform(Number)
      .pipe(z.int().max(32))
      .default(10)
      .meta({ override: { type: 'integer', minimum: 1, maximum: 32, default: 10 } }),
    ...pageQuery,
  }),
  response: z.object({
    version: idOf('vers'),
    direction: z.enum(['upstream', 'downstream']),
    items: z.array(edge),
    next: z.string().optional(),
    block: z.int(),
    versions: z.array(
      z.object({
        id: idOf('vers'),
        dataset: idOf('dset'),
        title: z.string().optional(),
        owner: mspId,
        number: z.int(),
        rows: z.int(),
        ledger: ledgerPlace,
      }),
    ),
    jobs: z.array(
      z.object({ id: z.string(), requester: mspId, purpose: z.string(), state: z.string(), ledger: ledgerPlace }),
    ),
    models: z.array(
      z.object({ name: z.string(), model: z.string(), title: z.string(), digest: z.string(), ledger: ledgerPlace }),
    ),
  }),
  async handle({ params, query }, { readModel }) {
    find(readModel, 'version', params.version);
    const { direction } = query;
    const page = readModel.lineage(params.version, query);
    return {
      body: {
        version: params.version,
        direction,
        ...page,
        items: [...page.items],
        ...lineageNames(params.version, page.items, readModel),
      },
    };
  },
});
