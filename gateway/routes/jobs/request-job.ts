import { z } from 'zod';
import { route } from '../../http/route.ts';
import { digest, idOf, mspId, purposeId, setOf, text } from '../schemas/ids.ts';
import { jobStatusView, jobView, numericSettings } from './job-view.ts';

export const requestJob = route({
  method: 'post',
  path: '/v1/jobs',
  operation: 'job.request',
  summary: 'Run a model over a version; the result is a version of a new dataset of yours',
  scope: 'jobs:write',
  idempotent: true,
  status: 202,
  refusals: [
    'VERSION_NOT_FOUND',
    'MODEL_NOT_FOUND',
    'GRANT_NOT_ISSUED',
    'GRANT_REVOKED',
    'GRANT_EXPIRED',
    'GRANT_EXHAUSTED',
    'PURPOSE_MISMATCH',
    'MODEL_NOT_GRANTED',
    'MODEL_NOT_APPROVED',
    'MODEL_REVOKED',
    'MODEL_DIGEST_MISMATCH',
    'EXECUTOR_NOT_ALLOWED',
  ],
  body: z.strictObject({
    version: idOf('vers'),
    model: idOf('modl'),
    modelNumber: z.int().min(1).optional().describe('The newest that is not revoked where it is left out'),
    modelDigest: digest
      .optional()
      .describe('SHA-256 of the ONNX file that is meant; a registered one that differs is refused'),
    purpose: purposeId,
    grant: idOf('grnt').optional(),
    modelGrant: idOf('grnt').optional(),
    executors: setOf(mspId, 1, 64).optional(),
    batchRows: z.int().min(1).max(4_096).default(8),
    segmentsPerPartition: z.int().min(1).max(10_000).optional(),
    numeric: numericSettings.prefault({}),
    output: z
      .strictObject({
        title: text(1, 200).default('Result'),
        description: text(0, 4_000).default(''),
        keywords: setOf(text(1, 64), 0, 32).default([]),
        licence: text(1, 200).default('as its inputs'),
      })
      .prefault({}),
  }),
  response: jobView,
  async handle({ body, mint, submit }, { jobs }) {
    const { job } = await jobs.request({ mint, submit }, body);
    return {
      body: jobStatusView(jobs.status(job.id)),
      location: `/v1/jobs/${job.id}`,
      headers: { 'Retry-After': '1' },
    };
  },
});
