import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf } from '../schemas/ids.ts';
import { pageOf, pageQuery, pageView } from '../schemas/page.ts';
import { jobState, jobView, jobViewOf } from './job-view.ts';

export const listJobs = route({
  method: 'get',
  path: '/v1/jobs',
  operation: 'job.list',
  summary: 'List the jobs this organization is a party to, newest first',
  scope: 'jobs:read',
  idempotent: false,
  query: z.strictObject({
    state: jobState.optional(),
    grant: idOf('grnt').optional().describe('Only jobs under this grant'),
    ...pageQuery,
  }),
  response: pageOf(jobView),
  async handle({ query }, { readModel }) {
    return { body: pageView(readModel.list('job', { state: query.state, grant: query.grant }, query), jobViewOf) };
  },
});
