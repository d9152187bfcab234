import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { jobState } from '../jobs/job-view.ts';
import { derivedVersionView } from '../lineage/derived-versions.ts';
import { idOf, mspId } from '../schemas/ids.ts';
import { grantImpact } from './grant-impact.ts';

const impact = z
  .object({
    grant: idOf('grnt'),
    state: z.string(),
    running: z.int().describe('Jobs under it that have not ended: a revoke ends them'),
    finished: z.int().describe('Jobs under it that have ended: their results stay'),
    jobs: z.array(z.object({ id: idOf('job'), state: jobState, rows: z.int(), outputVersion: idOf('vers') })),
    derived: z
      .array(derivedVersionView)
      .describe('Results of its jobs and what came of those: a revoke does not take them back'),
    organizations: z.array(
      z.object({ mspId, parts: z.array(z.enum(['grantee', 'executor', 'owner of derived data'])) }),
    ),
    accesses: z.object({ allowed: z.int(), denied: z.int() }).describe('Reads under it that are on the ledger'),
    complete: z.boolean().describe('False where there is more than is shown'),
    block: z.int(),
  })
  .meta({ id: 'GrantImpact' });

export const getGrantImpact = route({
  method: 'get',
  path: '/v1/grants/:id/impact',
  operation: 'grant.getImpact',
  summary: 'Preview a revoke: jobs, reads, derived versions and organizations that this grant has to do with',
  scope: 'grants:read',
  idempotent: false,
  refusals: ['GRANT_NOT_FOUND'],
  params: z.strictObject({ id: idOf('grnt') }),
  response: impact,
  async handle({ params }, { readModel }) {
    const { record } = find(readModel, 'grant', params.id);
    const { block } = readModel;
    return { body: { grant: record.id, state: record.state, ...grantImpact(readModel, record), block } };
  },
});
