import { isId } from '@d-cloud/chaincode/domain';
import { maxManifestBytes } from '@d-cloud/pipelines/seal';
import { z } from 'zod';
import type { JobCoordinator } from '../jobs/job-coordinator.ts';
import { jobId, parseBody } from './key-routes.ts';
import { notFound } from './peer-problem.ts';
import type { PeerRequest, PeerRoute } from './peer-route.ts';

const count = z.int().min(0).max(1_000_000_000);

const heartbeat = z.object({
  job: jobId,
  partition: count,
  token: count,
  rowsDone: count,
  rows: count.optional(),
  stage: z.string().max(64),
});

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const output = z.strictObject({ manifest: base64, envelope: base64 });

/** What compute nodes tell the requester's gateway: that they live, and what they sealed. */
export function jobRoutes(jobs: Pick<JobCoordinator, 'hear' | 'admitOutput' | 'acceptOutput'>): readonly PeerRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/heartbeats',
      bodyBytes: 4096,
      async answer({ caller, body }) {
        await jobs.hear(caller, parseBody(heartbeat, body));
        return { status: 204 };
      },
    },
    {
      method: 'PUT',
      path: '/v1/partitions/:job/:index/:token/manifest',
      // Base64 of a manifest and of an envelope, with what JSON puts around them.
      bodyBytes: Math.ceil(maxManifestBytes * 1.34) + 1024 * 1024,
      admit: ({ caller, params }) => jobs.admitOutput(caller, claimIn(params)),
      async answer({ caller, params, body }) {
        const { manifest, envelope } = parseBody(output, body);
        await jobs.acceptOutput(caller, claimIn(params), {
          manifest: Buffer.from(manifest, 'base64'),
          envelope: Buffer.from(envelope, 'base64'),
        });
        return { status: 204 };
      },
    },
  ];
}

function claimIn({ job, index, token }: PeerRequest['params']) {
  if (!isId('job', job) || !isCount(index) || !isCount(token)) throw notFound();
  return { job, partition: Number(index), token: Number(token) };
}

function isCount(text: string | undefined): boolean {
  return text !== undefined && /^(0|[1-9][0-9]{0,8})$/.test(text);
}
