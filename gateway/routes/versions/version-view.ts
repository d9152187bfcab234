import { z } from 'zod';
import { digest, idOf, mspId } from '../schemas/ids.ts';
import { ledgerPlace } from '../schemas/page.ts';

export const versionView = z
  .object({
    v: z.literal(1),
    id: idOf('vers'),
    dataset: idOf('dset'),
    owner: mspId,
    number: z.int(),
    manifestCommitment: digest,
    contentRoot: digest,
    schemaHash: digest,
    rows: z.int(),
    segmentRows: z.array(z.int()),
    sizeClass: z.string().describe('Padded length in bytes: a size class, never the exact length'),
    epoch: z.int(),
    sealing: z.int().optional().describe('How often it was sealed, where that is more than once'),
    origin: z.object({
      parents: z.array(idOf('vers')),
      job: idOf('job').optional(),
      model: z.string().optional().describe('`<model id>:<number>`'),
    }),
    erasure: idOf('eras').optional().describe('Present once it is erased or is being erased: nobody may use it'),
    warnings: z.array(z.string()).optional().describe('What the placement of this version cannot promise'),
    ledger: ledgerPlace,
  })
  .meta({ id: 'DatasetVersion' });
