import { z } from 'zod';
import type { Page, Recorded } from '../../projection/index.ts';

/** Where on the ledger a record was last written. */
export const ledgerPlace = z
  .object({
    block: z.int().describe('Number of the ledger block'),
    transaction: z.string().describe('Fabric transaction id'),
    time: z.string().describe('Time the sender stated: informational'),
  })
  .meta({ id: 'LedgerPlace' });
export type LedgerPlace = z.output<typeof ledgerPlace>;

/** What lists take. */
export const pageQuery = {
  cursor: z.string().max(64).optional().describe('`next` of the page before'),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 200')
    .transform(Number)
    .pipe(z.int().min(1).max(200))
    .optional()
    .meta({ override: { type: 'integer', minimum: 1, maximum: 200, default: 50 } }),
};

/** A page of a list. `block` is the newest ledger block it shows. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().optional(), block: z.int() });

/** A record with its place on the ledger: how the API shows everything it reads. */
export function viewOf<T extends object>(recorded: Recorded<T>): T & { readonly ledger: LedgerPlace } {
  const { record, block, transaction, time } = recorded;
  return { ...record, ledger: { block, transaction, time } };
}

export function pageView<T extends object, V>(page: Page<Recorded<T>>, view: (recorded: Recorded<T>) => V) {
  const { items, ...rest } = page;
  return { items: items.map(view), ...rest };
}
