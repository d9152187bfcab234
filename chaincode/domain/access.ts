import type { AccessRecord, DatasetRecord, GrantCounterRecord, VersionRecord } from './records.ts';
import { Refusal } from './refusal.ts';
import { authorize, type GrantInForce } from './rights.ts';
import type { Caller } from './roles.ts';
import type { Submits } from './transactions.ts';

/**
 * Records a reader's use of a right, or the denial of it: an unmet right is written down with its code and takes nothing.
 * A read takes one use and all rows of the version from a limited grant.
 */
export function recordAccess(
  caller: Caller,
  { id, purpose, ephemeralKey, grant: named }: Submits['access:record']['body'],
  version: VersionRecord,
  dataset: DatasetRecord,
  grant: GrantInForce | undefined,
  atMs: number,
): { readonly access: AccessRecord; readonly counter?: GrantCounterRecord } {
  const asked = {
    v: 1,
    id,
    version: version.id,
    dataset: dataset.id,
    reader: caller.mspId,
    purpose,
    ...(named === undefined ? {} : { grant: named }),
    ephemeralKey,
  } as const;
  try {
    if (named !== undefined && grant === undefined) throw new Refusal('GRANT_NOT_FOUND', `there is no grant ${named}`);
    const { counter } = authorize({
      member: caller.mspId,
      action: 'read',
      purpose,
      dataset,
      version,
      grant,
      rows: version.rows,
      atMs,
    });
    return { access: { ...asked, outcome: 'allowed' }, ...(counter === undefined ? {} : { counter }) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { access: { ...asked, outcome: 'denied', refusal: error.code } };
  }
}
