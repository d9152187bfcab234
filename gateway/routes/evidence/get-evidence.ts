import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf } from '../schemas/ids.ts';

const rows = z
  .string()
  .regex(/^\d{1,12}(?:,\d{1,12}){0,999}$/, 'must be row numbers separated by commas, at most 1000')
  .transform((text) => [...new Set(text.split(',').map(Number))])
  .describe('Result rows to prove; a sample where it is left out');

export const getEvidence = route({
  method: 'get',
  path: '/v1/jobs/:id/evidence',
  operation: 'job.getEvidence',
  summary: 'Get the evidence of a finished job: one file that anybody can verify offline',
  scope: 'jobs:read',
  idempotent: false,
  raw: true,
  produces: ['application/json'],
  refusals: ['JOB_NOT_FOUND', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('job') }),
  query: z.strictObject({ rows: rows.optional() }),
  async handle({ params, query, signal }, { jobs, evidence }, { outgoing }) {
    const { record } = jobs.get(params.id);
    const pack = await evidence(record, { rows: query.rows, signal });
    outgoing.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': pack.length,
      'Cache-Control': 'private, no-store',
      'Content-Disposition': `attachment; filename="${params.id}.evidence.json"`,
    });
    outgoing.end(pack);
    return undefined;
  },
});
