import { z } from 'zod';
import { derivedVersionView } from '../lineage/derived-versions.ts';
import { idOf, mspId } from '../schemas/ids.ts';

export const erasureImpactView = z
  .object({
    dataset: idOf('dset'),
    versions: z.array(idOf('vers')).describe('What would be erased'),
    grants: z
      .array(z.object({ id: idOf('grnt'), grantee: mspId }))
      .describe('Issued grants that would be left with nothing'),
    jobs: z
      .array(z.object({ id: idOf('job'), state: z.string(), rows: z.int(), requester: mspId }))
      .describe('Jobs over them that have not ended: an erasure ends them'),
    derived: z.array(derivedVersionView).describe('What came of them: it stays'),
    organizations: z.array(
      z.object({
        mspId,
        parts: z.array(z.enum(['grantee', 'requester', 'executor', 'owner of derived data', 'holder of blocks'])),
      }),
    ),
    heldBecause: z.string().optional().describe('Why it would be refused now'),
    complete: z.boolean().describe('False where there is more than is shown'),
    block: z.int(),
  })
  .meta({ id: 'ErasureImpact' });
