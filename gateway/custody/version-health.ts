import type { Outcome } from './probe-blocks.ts';
import type { CurrentSlot } from './version-blocks.ts';

/** What is known of a slot's blocks since they were last asked for. */
export type Observation = CurrentSlot & {
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Numbers of the blocks that are missing or corrupt. */
  readonly bad: ReadonlySet<number>;
  readonly atMs: number;
  /** Since when its storage node has been asked in vain. */
  readonly awaySinceMs?: number | undefined;
};

/** All fragments where they should be; some away, and k + 1 or more there; exactly k there; fewer than k there, so that it cannot be read now. */
export type StorageState = 'stored' | 'degraded' | 'at-risk' | 'lost';

export type VersionHealth = {
  readonly state: StorageState;
  /** Fragments to be had of the stripe that has the fewest. */
  readonly intact: number;
};

/** How much of a silence makes fragments absent: a storage node that is merely slow still has them until its silence has lasted so long. */
export type Patience = { readonly nowMs: number; readonly graceMs: number };

/** Whether nothing of a slot can be had at present. */
export function isAway({ counts, awaySinceMs }: Observation, { nowMs, graceMs }: Patience): boolean {
  if (awaySinceMs === undefined) return false;
  return counts.offline > 0 || nowMs - awaySinceMs >= graceMs;
}

/** How well a version is stored, from what is known of its slots. A slot that was never asked counts as it was acknowledged: there. */
export function versionHealth(
  { k, n }: { readonly k: number; readonly n: number },
  observations: readonly Observation[],
  patience: Patience,
): VersionHealth {
  const away = observations.filter((one) => isAway(one, patience));
  const badAt = new Map<number, number>();
  for (const one of observations)
    if (!away.includes(one)) for (const ordinal of one.bad) badAt.set(ordinal, (badAt.get(ordinal) ?? 0) + 1);
  const intact = n - away.length - Math.max(0, ...badAt.values());
  const isSlow = observations.some(({ counts }) => counts.slow > 0);
  const state = intact < k ? 'lost' : intact === k ? 'at-risk' : intact < n || isSlow ? 'degraded' : 'stored';
  return { state, intact };
}
