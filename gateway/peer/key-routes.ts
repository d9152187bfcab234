import { type AccessId, isId, type JobId } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import type { KeyService } from '../keys/key-service.ts';
import { PeerProblem } from './peer-problem.ts';
import { type PeerRoute, readJson } from './peer-route.ts';

const count = z.int().min(0).max(1_000_000_000);
export const jobId = z.custom<JobId>((value) => isId('job', value));

const releaseRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('claim'), job: jobId, partition: count, token: count }),
  z.strictObject({ kind: z.literal('access'), access: z.custom<AccessId>((value) => isId('accs', value)) }),
]);

/** `POST /v1/keys/release`: keys for a claim or an access that the ledger shows, sealed to the key that stands in it. */
export function keyRoutes(keys: Pick<KeyService, 'release'>): readonly PeerRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/keys/release',
      bodyBytes: 4096,
      async answer({ caller, body, signal }) {
        const releases = await keys.release(caller, parseBody(releaseRequest, body), signal);
        return { status: 200, type: 'application/json', body: Buffer.from(JSON.stringify({ releases })) };
      },
    },
  ];
}

/** A JSON body as a schema reads it, or a 400 that names the first wrong field. */
export function parseBody<T>(schema: z.ZodType<T>, body: Buffer): T {
  const parsed = schema.safeParse(readJson(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new PeerProblem(400, 'BODY_INVALID', `${issue?.path.join('.') || 'The body'}: ${issue?.message ?? 'is wrong'}`);
}
