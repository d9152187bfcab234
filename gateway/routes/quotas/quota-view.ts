import { z } from 'zod';
import type { Quota } from '../../peer/quotas.ts';
import { amount, mspId } from '../schemas/ids.ts';

export const quotaView = z
  .object({
    organization: mspId,
    quotaBytes: amount.describe('What it may keep on the storage nodes of this organization'),
    usedBytes: amount,
    given: z.boolean().describe('Whether it was given by name; otherwise it is what every organization gets'),
  })
  .meta({ id: 'Quota' });

export function viewOfQuota({ organization, quotaBytes, usedBytes, given }: Quota) {
  return { organization, quotaBytes: String(quotaBytes), usedBytes: String(usedBytes), given };
}
