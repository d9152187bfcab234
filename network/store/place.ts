import { hash } from 'node:crypto';
import { matching } from './matching.ts';
import { StoreRefusal } from './refusal.ts';

/** A storage node as placement sees it. A disk's name is its own on its host; only `active` ones take new fragments. */
export interface PlaceableNode {
  readonly id: string;
  readonly organization: string;
  readonly host: string;
  readonly disk: string;
  readonly freeBytes: number;
  readonly state: string;
}

/** How a version is dispersed: any k of n fragments rebuild it. */
export interface Dispersal {
  readonly k: number;
  readonly n: number;
}

/** What a placement can promise. The first two are the consortium's, the others need machines. */
export type StoragePromise =
  | 'any-organization-may-leave'
  | 'no-organization-holds-k'
  | 'one-fragment-per-host'
  | 'one-fragment-per-disk';

/** One storage node per slot, and each promise that could not be kept with the sentence that tells a person why. */
export interface Placement {
  readonly slots: readonly string[];
  readonly broken: readonly { readonly promise: StoragePromise; readonly sentence: string }[];
}

export interface PlaceOptions extends Dispersal {
  /** Room that every chosen storage node must have, default none. */
  readonly bytesPerSlot?: number;
  /** Spreads versions over equally free storage nodes; the version id serves. */
  readonly seed?: string;
  /** Promises that may be given up when they cannot be kept, default the organizations' and the hosts'. Giving up nothing makes placement refuse. */
  readonly giveUp?: readonly StoragePromise[];
}

const usuallyGivenUp = ['any-organization-may-leave', 'no-organization-holds-k', 'one-fragment-per-host'] as const;

/** The most fragments that one organization may hold: fewer than k, and few enough that the others hold k. */
export function organizationLimit({ k, n }: Dispersal): number {
  return Math.min(k - 1, n - k);
}

/**
 * Chooses a storage node for each of n slots by maximum matching between the organizations' seats and the failure domains: at most `organizationLimit` per organization, and
 * one per host, else one per disk. Promises that cannot be kept are given up in the order of least harm, where `giveUp` allows, and named in the result.
 * @throws StoreRefusal PLACEMENT_IMPOSSIBLE, with the promise that fails or the room that is missing
 */
export function place(nodes: readonly PlaceableNode[], options: PlaceOptions): Placement {
  const { k, n, bytesPerSlot = 0, seed = '', giveUp = usuallyGivenUp } = options;
  if (!(Number.isInteger(k) && Number.isInteger(n) && k >= 1 && n >= k))
    throw new RangeError(`no dispersal: ${k} of ${n}`);
  const eligible = byPreference(
    nodes.filter(({ state, freeBytes }) => state === 'active' && freeBytes >= bytesPerSlot),
    seed,
  );
  let reason = whyTooFew(nodes.length, eligible.length, options);
  for (let most = Math.max(organizationLimit({ k, n }), 0); most <= n && eligible.length >= n; most++) {
    for (const level of ['host', 'disk', 'node'] as const) {
      const chosen = seat(eligible, level, most, n);
      if (!chosen) continue;
      const broken = brokenBy(chosen, { k, n });
      const refused = broken.find(({ promise }) => !giveUp.includes(promise));
      if (!refused) return { slots: chosen.map(({ id }) => id), broken };
      reason ??= refused.sentence;
    }
  }
  throw new StoreRefusal('PLACEMENT_IMPOSSIBLE', reason ?? `${n} fragments cannot be placed`);
}

/** The promises that fragments on these storage nodes do not keep, with the sentences for people. */
function brokenBy(chosen: readonly PlaceableNode[], { k, n }: Dispersal): Placement['broken'] {
  const broken: { promise: StoragePromise; sentence: string }[] = [];
  const shares = countBy(chosen, ({ organization }) => organization);
  const [largest, share] = [...shares].reduce((a, b) => (b[1] > a[1] ? b : a));
  if (n - share < k) {
    broken.push({
      promise: 'any-organization-may-leave',
      sentence: `${largest} would hold ${share} of ${n} fragments, so without it fewer than ${k} are left.`,
    });
  }
  if (share >= k) {
    broken.push({
      promise: 'no-organization-holds-k',
      sentence: `${largest} would hold ${share} of ${n} fragments, and ${k} rebuild the sealed bytes.`,
    });
  }
  if (countBy(chosen, domainOf('host')).size < n) {
    broken.push({
      promise: 'one-fragment-per-host',
      sentence: `Fewer than ${n} hosts hold the ${n} fragments, so one host's failure loses several.`,
    });
  }
  if (countBy(chosen, domainOf('disk')).size < n) {
    broken.push({
      promise: 'one-fragment-per-disk',
      sentence: `Fewer than ${n} disks hold the ${n} fragments, so one disk's failure loses several.`,
    });
  }
  return broken;
}

/** Seats n fragments, at most `most` per organization and one per domain, or returns nothing. */
function seat(
  eligible: readonly PlaceableNode[],
  level: 'host' | 'disk' | 'node',
  most: number,
  n: number,
): readonly PlaceableNode[] | undefined {
  const domain = domainOf(level);
  const domains = [...new Set(eligible.map(domain))];
  const organizations = [...new Set(eligible.map(({ organization }) => organization))];
  // The most preferred storage node of each organization in each domain.
  const first = new Map<string, Map<string, PlaceableNode>>(
    organizations.map((organization) => [organization, new Map()]),
  );
  for (const node of eligible.toReversed()) first.get(node.organization)!.set(domain(node), node);
  const seats: string[] = [];
  for (let round = 0; round < most; round++) seats.push(...organizations);
  const edgesOf = new Map(
    organizations.map((one) => [one, [...domains.keys()].filter((at) => first.get(one)!.has(domains[at]!))]),
  );
  const chosen = matching(seats.map((organization) => edgesOf.get(organization)!)).flatMap((at, index) =>
    at === undefined ? [] : first.get(seats[index]!)!.get(domains[at]!)!,
  );
  return chosen.length >= n ? chosen.slice(0, n) : undefined;
}

/** Roomier storage nodes first; among those about equally roomy, an order that differs from version to version. */
function byPreference(nodes: readonly PlaceableNode[], seed: string): readonly PlaceableNode[] {
  const roominess = (node: PlaceableNode) => Math.floor(Math.log2(node.freeBytes + 1));
  const ticket = new Map(nodes.map(({ id }) => [id, hash('sha256', `${seed}\n${id}`)]));
  return [...nodes].sort((a, b) => roominess(b) - roominess(a) || (ticket.get(a.id)! < ticket.get(b.id)! ? -1 : 1));
}

function domainOf(level: 'host' | 'disk' | 'node'): (node: PlaceableNode) => string {
  switch (level) {
    case 'host':
      return ({ host }) => host;
    case 'disk':
      return ({ host, disk }) => JSON.stringify([host, disk]);
    case 'node':
      return ({ id }) => id;
  }
}

function whyTooFew(known: number, eligible: number, { n, bytesPerSlot = 0 }: PlaceOptions): string | undefined {
  if (eligible >= n) return undefined;
  const room = bytesPerSlot > 0 ? ` with ${bytesPerSlot} bytes free` : '';
  return `${n} fragments need ${n} active storage nodes${room}; there are ${eligible} of ${known}.`;
}

function countBy<T>(things: readonly T[], keyOf: (thing: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(keyOf(thing), (counts.get(keyOf(thing)) ?? 0) + 1);
  return counts;
}
