import { Refusal } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { contentFormOf } from '../../open/content-form.ts';
import { sendContent } from '../../open/send-content.ts';
import { idOf, purposeId } from '../schemas/ids.ts';
import { rowRange, rowsIn } from '../schemas/row-range.ts';

export const getResults = route({
  method: 'get',
  path: '/v1/jobs/:id/results',
  operation: 'job.getResults',
  summary: "Read a job's result rows in order, as an Arrow stream or as JSON lines",
  scope: 'jobs:read',
  idempotent: false,
  raw: true,
  produces: ['application/vnd.apache.arrow.stream', 'application/x-ndjson'],
  refusals: ['JOB_NOT_FOUND', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('job') }),
  query: z.strictObject({ purpose: purposeId.optional(), grant: idOf('grnt').optional(), rows: rowRange.optional() }),
  async handle({ params, query, mint, submit, signal }, { jobs, open }, { incoming, outgoing }) {
    const { record: job } = jobs.get(params.id);
    if (job.state !== 'succeeded' && job.state !== 'partial') {
      throw new Refusal('STATE_CONFLICT', `job ${job.id} is ${job.state} and has no results`);
    }
    const asked = contentFormOf(incoming.headers.accept, 'arrow');
    const content = await open({
      version: job.outputVersion,
      form: asked === 'json-lines' ? 'json-lines' : 'arrow',
      rows: rowsIn(query.rows),
      purpose: query.purpose ?? job.purpose,
      grant: query.grant,
      asker: { mint, submit },
      signal,
    });
    await sendContent(outgoing, content, { 'D-Cloud-Version': job.outputVersion, Vary: 'Accept' });
    return undefined;
  },
});
