import type { Dispersal, StoragePromise } from './place.ts';

/** A fragment's place, and whether all its blocks were read back from there and compared. */
export interface PlacedFragment {
  readonly organization: string;
  readonly verified: boolean;
}

/**
 * Whether a version's fragments may be acknowledged: those verified survive the loss of any one organization, and no organization holds k, verified or not.
 * A promise that its placement already gave up (`without`) does not count, but then every fragment must be verified.
 */
export function acknowledged(
  fragments: readonly PlacedFragment[],
  { k, n }: Dispersal,
  without: readonly StoragePromise[] = [],
): boolean {
  const organizations = new Set(fragments.map(({ organization }) => organization));
  if (organizations.size === 0) return false;
  const verified = fragments.filter((fragment) => fragment.verified);
  const survives = [...organizations].every(
    (lost) => verified.filter(({ organization }) => organization !== lost).length >= k,
  );
  const split = [...organizations].every(
    (one) => fragments.filter(({ organization }) => organization === one).length < k,
  );
  if (survives && split) return true;
  const complete = fragments.length === n && verified.length === n;
  const excused = (kept: boolean, promise: StoragePromise) => kept || without.includes(promise);
  return complete && excused(survives, 'any-organization-may-leave') && excused(split, 'no-organization-holds-k');
}
