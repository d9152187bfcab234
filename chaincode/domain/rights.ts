/** What a member may do with a version, and why not. One function for jobs, reads and dry runs, so that they never disagree. */
import { checkNotErased } from './erasure.ts';
import type { ModelId, MspId } from './ids.ts';
import type {
  DatasetRecord,
  GrantCounterRecord,
  GrantRecord,
  InheritedTerms,
  Instant,
  VersionRecord,
} from './records.ts';
import { Refusal } from './refusal.ts';
import { readInstant } from './time.ts';

/** The bounds of a right. An absent list bounds nothing. */
export type Right = InheritedTerms & { readonly purposes: readonly string[] };

export type GrantInForce = { readonly grant: GrantRecord; readonly counter: GrantCounterRecord };

export type Ask = {
  readonly member: MspId;
  readonly action: 'use' | 'read';
  readonly purpose: string;
  readonly dataset: DatasetRecord;
  readonly version: VersionRecord;
  readonly grant?: GrantInForce | undefined;
  /** The model that would run on it. A model's own dataset is used without one. */
  readonly model?: ModelId | undefined;
  readonly rows: number;
  /** Transaction time in ms: the caller chose it, so it may only make a rule refuse. */
  readonly atMs: number;
};

/** What is kept of two bounds: both. */
export function narrower<T>(a: readonly T[] | undefined, b: readonly T[] | undefined): readonly T[] | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : a.filter((entry) => b.includes(entry));
}

export function earlier(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return (readInstant(a) ?? 0) <= (readInstant(b) ?? 0) ? a : b;
}

/** The intersection of two rights. */
export function intersect(a: Right, b: Right): Right {
  const actions = narrower(a.actions, b.actions);
  const executors = narrower(a.executors, b.executors);
  const until = earlier(a.until, b.until);
  return {
    purposes: a.purposes.filter((purpose) => b.purposes.includes(purpose)),
    ...(actions === undefined ? {} : { actions }),
    ...(executors === undefined ? {} : { executors }),
    ...(until === undefined ? {} : { until }),
  };
}

/** The right that a grant's terms give; a grant without executors means the owner's nodes only. */
export function rightOfGrant(grant: GrantRecord): Right {
  const { purposes, actions, executors, until } = grant.terms;
  return {
    purposes,
    actions,
    executors: executors.length === 0 ? [grant.owner] : executors,
    ...(until === undefined ? {} : { until }),
  };
}

/** The bounds under which a member holds a dataset, by ownership, by membership or by a grant. Decides nothing. */
export function rightOn(dataset: DatasetRecord, grant: GrantRecord | undefined): Right {
  const own: Right = { purposes: dataset.terms.purposes, ...dataset.terms.inherited };
  return grant === undefined ? own : intersect(own, rightOfGrant(grant));
}

/** Refuses unless the grant is issued: GRANT_REVOKED, GRANT_NOT_ISSUED, and past its end GRANT_EXPIRED. */
export function checkInForce(grant: GrantRecord, atMs?: number): void {
  if (grant.state === 'revoked') throw new Refusal('GRANT_REVOKED', `grant ${grant.id} was revoked`);
  if (grant.state !== 'issued') throw new Refusal('GRANT_NOT_ISSUED', `grant ${grant.id} is ${grant.state}`);
  if (atMs !== undefined) checkUntil(grant.terms.until, atMs, `grant ${grant.id}`);
}

function checkUntil(until: Instant | undefined, atMs: number, what: string): void {
  if (until !== undefined && atMs > (readInstant(until) ?? Number.NEGATIVE_INFINITY)) {
    throw new Refusal('GRANT_EXPIRED', `${what} ended at ${until}`);
  }
}

/** Whether a member needs a grant at all. */
export function needsGrant(dataset: DatasetRecord, member: MspId): boolean {
  return dataset.owner !== member && dataset.terms.access !== 'members';
}

/**
 * Refuses with the first reason why not, or gives the bounds under which the member may do it and, for a limited grant,
 * its counter with this use reserved.
 */
export function authorize(ask: Ask): { readonly right: Right; readonly counter?: GrantCounterRecord } {
  const { dataset, member, purpose, version, atMs } = ask;
  checkNotErased(version);
  if (dataset.state !== 'active') throw new Refusal('DATASET_RETIRED', `dataset ${dataset.id} is retired`);
  if (version.dataset !== dataset.id)
    throw new Refusal('VERSION_NOT_FOUND', `${version.id} is no version of ${dataset.id}`);
  checkUntil(dataset.terms.inherited?.until, atMs, `the right on dataset ${dataset.id}`);
  const held = needsGrant(dataset, member) ? grantFor(ask) : undefined;
  const right = rightOn(dataset, held?.grant);
  if (!right.purposes.includes(purpose)) {
    throw new Refusal(
      'PURPOSE_MISMATCH',
      `the right on dataset ${dataset.id} is for ${right.purposes.join(', ')}, not for ${purpose}`,
    );
  }
  const counter = held && reserve(held.grant, held.counter, ask.rows);
  return counter === undefined ? { right } : { right, counter };
}

function grantFor({ dataset, member, action, version, grant: held, model, atMs }: Ask): GrantInForce {
  if (held === undefined) {
    throw new Refusal('GRANT_NOT_ISSUED', `dataset ${dataset.id} of ${dataset.owner} needs a grant and none was named`);
  }
  const { grant } = held;
  if (grant.dataset !== dataset.id) throw new Refusal('GRANT_MISMATCH', `grant ${grant.id} is for another dataset`);
  if (grant.grantee !== member) throw new Refusal('GRANT_MISMATCH', `grant ${grant.id} is for ${grant.grantee}`);
  checkInForce(grant, atMs);
  const { terms } = grant;
  if (!terms.actions.includes(action)) {
    throw new Refusal('ACTION_NOT_GRANTED', `grant ${grant.id} allows ${terms.actions.join(', ')}, not ${action}`);
  }
  if (terms.versions.length > 0 && !terms.versions.includes(version.id)) {
    throw new Refusal('GRANT_MISMATCH', `grant ${grant.id} does not cover version ${version.id}`);
  }
  if (model !== undefined && !terms.models.includes(model)) {
    throw new Refusal('MODEL_NOT_GRANTED', `grant ${grant.id} does not name model ${model}`);
  }
  return held;
}

/** Takes rows and one use from a limited grant's counter, or nothing at all from an unlimited one's. Refuses with GRANT_EXHAUSTED. */
export function reserve(grant: GrantRecord, counter: GrantCounterRecord, rows: number): GrantCounterRecord | undefined {
  const { terms } = grant;
  if (terms.rows === undefined && terms.uses === undefined) return undefined;
  const rowsReserved = BigInt(counter.rowsReserved) + BigInt(rows);
  const usesReserved = counter.usesReserved + 1;
  if (terms.rows !== undefined && rowsReserved > BigInt(terms.rows)) {
    const left = BigInt(terms.rows) - BigInt(counter.rowsReserved);
    throw new Refusal('GRANT_EXHAUSTED', `grant ${grant.id} has ${left} rows left, ${rows} are needed`);
  }
  if (terms.uses !== undefined && usesReserved > terms.uses) {
    throw new Refusal('GRANT_EXHAUSTED', `grant ${grant.id} has no use left of ${terms.uses}`);
  }
  return { ...counter, rowsReserved: String(rowsReserved), usesReserved };
}

/** Gives back what was reserved and not used, or nothing where there is nothing to give back. */
export function giveBack(
  { grant, counter }: GrantInForce,
  unused: { readonly rows: number; readonly uses: number },
): GrantCounterRecord | undefined {
  if (grant.terms.rows === undefined && grant.terms.uses === undefined) return undefined;
  if (unused.rows === 0 && unused.uses === 0) return undefined;
  return {
    ...counter,
    rowsReserved: String(BigInt(counter.rowsReserved) - BigInt(unused.rows)),
    usesReserved: counter.usesReserved - unused.uses,
  };
}

/** Whether everything that `inner` lists is in `outer`; an absent `outer` bounds nothing. */
export function within<T>(inner: readonly T[], outer: readonly T[] | undefined): boolean {
  return outer === undefined || inner.every((entry) => outer.includes(entry));
}
