import type { DatasetRecord, GrantCounterRecord, GrantRecord, GrantTerms } from './records.ts';
import { Refusal } from './refusal.ts';
import { within } from './rights.ts';
import { type Caller, checkOwner } from './roles.ts';
import { readInstant } from './time.ts';
import type { Submits } from './transactions.ts';

/** Asks an owner for a grant. The terms are a wish; they must be ones that the owner could give. */
export function requestGrant(
  caller: Caller,
  { id, terms, note }: Submits['grant:request']['body'],
  dataset: DatasetRecord,
): GrantRecord {
  if (dataset.owner === caller.mspId) throw new Refusal('GRANT_MISMATCH', `${caller.mspId} owns dataset ${dataset.id}`);
  checkGivable(terms, dataset);
  const { owner } = dataset;
  return { v: 1, id, dataset: dataset.id, owner, grantee: caller.mspId, state: 'requested', terms, note };
}

/** Issues a requested grant, or one that nobody asked for. */
export function issueGrant(
  caller: Caller,
  { id, terms, dataset: datasetId, grantee }: Submits['grant:issue']['body'],
  dataset: DatasetRecord,
  requested: GrantRecord | undefined,
  at: { readonly transaction: string; readonly atMs: number },
): { readonly grant: GrantRecord; readonly counter: GrantCounterRecord } {
  checkOwner(caller, dataset.owner, `a grant on dataset ${dataset.id}`);
  const asked = requested ?? unasked(id, terms, dataset, grantee);
  if (asked.state !== 'requested') throw new Refusal('STATE_CONFLICT', `grant ${id} is ${asked.state} already`);
  if (datasetId !== undefined && datasetId !== asked.dataset) {
    throw new Refusal('GRANT_MISMATCH', `grant ${id} was requested on dataset ${asked.dataset}`);
  }
  if (grantee !== undefined && grantee !== asked.grantee) {
    throw new Refusal('GRANT_MISMATCH', `grant ${id} was requested by ${asked.grantee}`);
  }
  checkGivable(terms, dataset);
  checkNarrower(terms, asked);
  if (terms.until !== undefined && at.atMs > (readInstant(terms.until) ?? 0)) {
    throw new Refusal('GRANT_EXPIRED', `the grant would have ended at ${terms.until}`);
  }
  return {
    grant: { ...asked, state: 'issued', terms, epoch: dataset.epoch, issuedBy: at.transaction },
    counter: { v: 1, grant: id, rowsReserved: '0', usesReserved: 0 },
  };
}

function unasked(
  id: GrantRecord['id'],
  terms: GrantTerms,
  dataset: DatasetRecord,
  grantee: GrantRecord['grantee'] | undefined,
): GrantRecord {
  if (grantee === undefined)
    throw new Refusal('GRANT_NOT_FOUND', `there is no request ${id}; name the dataset and the grantee`);
  if (grantee === dataset.owner) throw new Refusal('GRANT_MISMATCH', `${grantee} owns dataset ${dataset.id}`);
  return { v: 1, id, dataset: dataset.id, owner: dataset.owner, grantee, state: 'requested', terms, note: '' };
}

/** Refuses terms that the dataset's owner cannot give: other purposes, a use without models, more than was inherited. */
function checkGivable(terms: GrantTerms, dataset: DatasetRecord): void {
  if (dataset.state !== 'active') throw new Refusal('DATASET_RETIRED', `dataset ${dataset.id} is retired`);
  if (!within(terms.purposes, dataset.terms.purposes)) {
    throw new Refusal(
      'PURPOSE_MISMATCH',
      `dataset ${dataset.id} is granted for ${dataset.terms.purposes.join(', ')} only`,
    );
  }
  if (terms.actions.includes('use') && terms.models.length === 0 && dataset.modality !== 'model') {
    throw new Refusal('RECORD_INVALID', 'terms.models must name the models that may be used');
  }
  const inherited = dataset.terms.inherited;
  if (inherited === undefined) return;
  if (!within([...terms.actions, 'delegate'] as const, inherited.actions)) {
    throw new Refusal('ACTION_NOT_GRANTED', `dataset ${dataset.id} came of data that may not be passed on so`);
  }
  if (!within(terms.executors.length === 0 ? [dataset.owner] : terms.executors, inherited.executors)) {
    throw new Refusal(
      'EXECUTOR_NOT_ALLOWED',
      `dataset ${dataset.id} may be opened by ${inherited.executors?.join(', ')} only`,
    );
  }
}

/** Refuses terms that give more than was asked for. Whose nodes may open the data is the owner's alone to say, so executors are free. */
function checkNarrower(terms: GrantTerms, { terms: asked, id }: GrantRecord): void {
  const narrow =
    within(terms.actions, asked.actions) &&
    within(terms.purposes, asked.purposes) &&
    within(terms.models, asked.models) &&
    (asked.versions.length === 0 || (terms.versions.length > 0 && within(terms.versions, asked.versions))) &&
    (asked.until === undefined ||
      (terms.until !== undefined && (readInstant(terms.until) ?? 0) <= (readInstant(asked.until) ?? 0))) &&
    (asked.rows === undefined || (terms.rows !== undefined && BigInt(terms.rows) <= BigInt(asked.rows))) &&
    (asked.uses === undefined || (terms.uses !== undefined && terms.uses <= asked.uses));
  if (!narrow) throw new Refusal('GRANT_MISMATCH', `the terms give more than request ${id} asked for`);
}

export function refuseGrant(caller: Caller, grant: GrantRecord, reason: string): GrantRecord {
  checkOwner(caller, grant.owner, `grant ${grant.id}`);
  if (grant.state !== 'requested')
    throw new Refusal('STATE_CONFLICT', `grant ${grant.id} is ${grant.state}, not requested`);
  return { ...grant, state: 'refused', reason };
}

/** Ends a grant and advances the dataset's key epoch, so that what is sealed from now on is out of the grantee's reach. A hard revoke says that what was sealed before is to be sealed anew. */
export function revokeGrant(
  caller: Caller,
  grant: GrantRecord,
  dataset: DatasetRecord,
  { reason, hard = false }: Pick<Submits['grant:revoke']['body'], 'reason' | 'hard'>,
): { readonly grant: GrantRecord; readonly dataset: DatasetRecord } {
  checkOwner(caller, grant.owner, `grant ${grant.id}`);
  if (grant.state !== 'issued') throw new Refusal('STATE_CONFLICT', `grant ${grant.id} is ${grant.state}, not issued`);
  const epoch = dataset.epoch + 1;
  return {
    grant: { ...grant, state: 'revoked', reason, ...(hard && { resealBefore: epoch }) },
    dataset: { ...dataset, epoch },
  };
}
