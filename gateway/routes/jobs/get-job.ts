import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf } from '../schemas/ids.ts';
import { jobStatusView, jobView } from './job-view.ts';

export const getJob = route({
  method: 'get',
  path: '/v1/jobs/:id',
  operation: 'job.get',
  summary: 'Show a job: rows done, rate, stage, each partition, and why nodes are not working on it',
  scope: 'jobs:read',
  idempotent: false,
  refusals: ['JOB_NOT_FOUND'],
  params: z.strictObject({ id: idOf('job') }),
  response: jobView,
  async handle({ params }, { jobs }) {
    return { body: jobStatusView(jobs.status(params.id)), headers: { 'Cache-Control': 'no-store' } };
  },
});
