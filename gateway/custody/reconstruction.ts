import type { MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import type { CurrentSlot } from './version-blocks.ts';

/** Who holds how much of a version's sealed bytes, and which organizations together hold enough to rebuild them. Sealed: without keys they say nothing. */
export type Reconstruction = {
  readonly organizations: readonly {
    readonly organization: MspId;
    readonly fragments: number;
    readonly storageNodes: readonly StorageNodeId[];
  }[];
  /** Most fragments that one organization holds; below k where it is kept that none can rebuild the bytes alone. */
  readonly mostByOne: number;
  readonly anyAlone: boolean;
  /** The smallest groups of organizations that hold k fragments together. */
  readonly together: readonly (readonly MspId[])[];
  /** Whether the others still hold k fragments when any one organization is gone. */
  readonly anyMayLeave: boolean;
};

/** Groups beyond this size are not looked for. */
const largestGroup = 4;

/** Answers "who could reconstruct it" from where the fragments lie now. */
export function reconstruction(k: number, slots: readonly CurrentSlot[]): Reconstruction {
  const held = new Map<MspId, StorageNodeId[]>();
  for (const { organization, storageNode } of slots)
    held.set(organization, [...(held.get(organization) ?? []), storageNode]);
  const organizations = [...held]
    .map(([organization, storageNodes]) => ({
      organization,
      fragments: storageNodes.length,
      storageNodes: [...new Set(storageNodes)],
    }))
    .sort((a, b) => b.fragments - a.fragments || (a.organization < b.organization ? -1 : 1));
  const mostByOne = organizations[0]?.fragments ?? 0;
  return {
    organizations,
    mostByOne,
    anyAlone: mostByOne >= k,
    together: smallestGroups(k, organizations),
    anyMayLeave: organizations.every(({ fragments }) => slots.length - fragments >= k),
  };
}

function smallestGroups(
  k: number,
  organizations: readonly { readonly organization: MspId; readonly fragments: number }[],
): readonly (readonly MspId[])[] {
  for (let size = 1; size <= Math.min(largestGroup, organizations.length); size++) {
    const enough = groupsOf(organizations, size).filter(
      (group) => group.reduce((sum, { fragments }) => sum + fragments, 0) >= k,
    );
    if (enough.length > 0) return enough.map((group) => group.map(({ organization }) => organization));
  }
  return [];
}

function groupsOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]];
  return items.flatMap((item, at) => groupsOf(items.slice(at + 1), size - 1).map((rest) => [item, ...rest]));
}
