import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf, text } from '../schemas/ids.ts';
import { jobStatusView, jobView } from './job-view.ts';

export const cancelJob = route({
  method: 'post',
  path: '/v1/jobs/:id/cancel',
  operation: 'job.cancel',
  summary: 'Cancel a job: what is claimed is fenced off, what was reserved and not used is given back',
  scope: 'jobs:write',
  idempotent: true,
  refusals: ['JOB_NOT_FOUND', 'CALLER_NOT_OWNER', 'STATE_CONFLICT'],
  params: z.strictObject({ id: idOf('job') }),
  body: z.strictObject({ reason: text(0, 500).default('') }).optional(),
  response: jobView,
  async handle({ params, body, submit }, { jobs }) {
    jobs.get(params.id);
    await submit('job:cancel', { id: params.id, reason: body?.reason || 'cancelled by its requester' });
    return { body: jobStatusView(jobs.status(params.id)) };
  },
});
