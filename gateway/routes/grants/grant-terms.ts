import type { GrantTerms } from '@d-cloud/chaincode/domain';
import type { z } from 'zod';
import type { grantTermsBody } from '../schemas/records.ts';

/** Terms of a body as the ledger takes them: absent limits are left out. */
export function grantTerms({ until, rows, uses, ...terms }: z.output<typeof grantTermsBody>): GrantTerms {
  return {
    ...terms,
    ...(until !== undefined && { until }),
    ...(rows !== undefined && { rows }),
    ...(uses !== undefined && { uses }),
  };
}
