import { z } from 'zod';
import { idOf } from '../schemas/ids.ts';

const blocks = z.int().min(0);

export const repairView = z
  .object({
    version: idOf('vers'),
    state: z.enum(['auditing', 'repairing', 'done', 'failed']),
    put: blocks.describe('Blocks that were put back or moved so far'),
    toPut: blocks.describe('Blocks to be put in all, known from `repairing` on'),
    stuck: z.array(z.string()).describe('What should be done and could not be, or why it failed'),
  })
  .meta({ id: 'Repair' });
