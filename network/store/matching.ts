/**
 * A maximum matching in a bipartite graph: `edges[left]` lists the right vertices that a left vertex may take, the preferred ones first.
 * Returns the right vertex of each left one, or nothing. Augmenting paths (Kuhn); earlier left vertices stay matched when later ones come.
 */
export function matching(edges: readonly (readonly number[])[]): readonly (number | undefined)[] {
  const leftOf = new Map<number, number>();
  const tryToSeat = (left: number, seen: Set<number>): boolean => {
    for (const right of edges[left] ?? []) {
      if (seen.has(right)) continue;
      seen.add(right);
      const holder = leftOf.get(right);
      if (holder === undefined || tryToSeat(holder, seen)) {
        leftOf.set(right, left);
        return true;
      }
    }
    return false;
  };
  for (const left of edges.keys()) tryToSeat(left, new Set());
  const rightOf: (number | undefined)[] = edges.map(() => undefined);
  for (const [right, left] of leftOf) rightOf[left] = right;
  return rightOf;
}
