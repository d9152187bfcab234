import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { organizationLimit, type PlaceableNode, place } from './place.ts';

const GiB = 2 ** 30;

function nodesOf(shares: Readonly<Record<string, number>>): PlaceableNode[] {
  return Object.entries(shares).flatMap(([organization, count]) =>
    Array.from({ length: count }, (_, index) => {
      const id = `${organization}-${index}`;
      return { id, organization, host: id, disk: 'd0', freeBytes: GiB, state: 'active' };
    }),
  );
}

function sharesOf(slots: readonly string[], nodes: readonly PlaceableNode[]): number[] {
  const counts = new Map<string, number>();
  for (const slot of slots) {
    const { organization } = nodes.find(({ id }) => id === slot)!;
    counts.set(organization, (counts.get(organization) ?? 0) + 1);
  }
  return [...counts.values()].sort((a, b) => b - a);
}

describe('placing fragments', () => {
  test('seven of them at 4 of 7 lie 3 + 2 + 2, five at 3 of 5 lie 2 + 2 + 1, and every promise holds', () => {
    const nodes = nodesOf({ alder: 3, birch: 2, cedar: 2 });
    const seven = place(nodes, { k: 4, n: 7 });
    expect(sharesOf(seven.slots, nodes)).toEqual([3, 2, 2]);
    expect(seven.broken).toEqual([]);
    const five = place(nodes, { k: 3, n: 5 });
    expect(sharesOf(five.slots, nodes)).toEqual([2, 2, 1]);
    expect(five.broken).toEqual([]);
  });

  test('with two organizations it goes on and says which promise does not hold', () => {
    const { slots, broken } = place(nodesOf({ alder: 4, birch: 3 }), { k: 4, n: 7 });
    expect(slots).toHaveLength(7);
    expect(broken.map(({ promise }) => promise)).toEqual(['any-organization-may-leave', 'no-organization-holds-k']);
    expect(broken[0]!.sentence).toBe('alder would hold 4 of 7 fragments, so without it fewer than 4 are left.');
  });

  test('with two organizations it refuses when no promise may be given up', () => {
    expect(() => place(nodesOf({ alder: 4, birch: 3 }), { k: 4, n: 7, giveUp: [] })).toThrow(/alder would hold 4 of 7/);
  });

  test('two fragments never lie on one disk, unless that may be given up', () => {
    const nodes = nodesOf({ alder: 3, birch: 2, cedar: 2 }).map((node) => ({ ...node, host: 'one', disk: 'one' }));
    expect(() => place(nodes, { k: 4, n: 7 })).toThrow(/Fewer than 7 disks/);
    const placed = place(nodes, { k: 4, n: 7, giveUp: ['one-fragment-per-host', 'one-fragment-per-disk'] });
    expect(placed.broken.map(({ promise }) => promise)).toEqual(['one-fragment-per-host', 'one-fragment-per-disk']);
  });

  test('one machine with a disk per storage node breaks only the promise about hosts', () => {
    const nodes = nodesOf({ alder: 3, birch: 2, cedar: 2 }).map((node) => ({ ...node, host: 'one', disk: node.id }));
    expect(place(nodes, { k: 4, n: 7 }).broken.map(({ promise }) => promise)).toEqual(['one-fragment-per-host']);
  });

  test('storage nodes that drain, left or are full take nothing, and too few are said to be too few', () => {
    const nodes = nodesOf({ alder: 3, birch: 3, cedar: 3 });
    const unfit = nodes.map((node, index) => ({
      ...node,
      state: ['draining', 'left'][index] ?? 'active',
      freeBytes: index === 2 ? 100 : GiB,
    }));
    expect(() => place(unfit, { k: 4, n: 7, bytesPerSlot: 1000 })).toThrow(
      '7 fragments need 7 active storage nodes with 1000 bytes free; there are 6 of 9.',
    );
    expect(
      place(unfit, {
        k: 3,
        n: 6,
        bytesPerSlot: 1000,
        giveUp: ['any-organization-may-leave', 'no-organization-holds-k'],
      }).slots,
    ).toHaveLength(6);
  });

  test('versions are spread over equally free storage nodes', () => {
    const nodes = nodesOf({ alder: 20, birch: 20, cedar: 20 });
    const used = new Set(
      Array.from({ length: 40 }, (_, at) => place(nodes, { k: 4, n: 7, seed: `v${at}` }).slots).flat(),
    );
    expect(used.size).toBeGreaterThan(50);
  });

  test('ten thousand topologies: what is promised holds, and what is given up could not be kept', () => {
    const node = fc.record({
      organization: fc.constantFrom('a', 'b', 'c', 'd'),
      host: fc.constantFrom('h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7'),
      disk: fc.constantFrom('d1', 'd2'),
      freeBytes: fc.constantFrom(1, 1000, GiB),
      state: fc.constantFrom('active', 'active', 'active', 'draining'),
    });
    const dispersal = fc.constantFrom({ k: 4, n: 7 }, { k: 3, n: 5 }, { k: 2, n: 3 }, { k: 2, n: 4 });
    let placedAtAll = 0;
    fc.assert(
      fc.property(fc.array(node, { maxLength: 9 }), dispersal, (drawn, { k, n }) => {
        const nodes = drawn.map((each, index) => ({ ...each, id: `n${index}` }));
        const limit = organizationLimit({ k, n });
        const possible = subsetsOf(
          nodes.filter(({ state }) => state === 'active'),
          n,
        ).filter(haveOwnDisks);
        const kept = possible.filter((subset) => largestShare(subset) <= limit);
        const keptOnOwnHosts = kept.filter((subset) => new Set(subset.map(({ host }) => host)).size === n);
        const result = attempt(() => place(nodes, { k, n }));
        if (!result) return expect(possible).toHaveLength(0);
        placedAtAll += 1;
        const chosen = result.slots.map((slot) => nodes.find(({ id }) => id === slot)!);
        expect(new Set(chosen).size).toBe(n);
        expect(chosen.every(({ state }) => state === 'active')).toBe(true);
        expect(haveOwnDisks(chosen)).toBe(true);
        expect(largestShare(chosen) <= limit).toBe(kept.length > 0);
        expect(result.broken.length === 0).toBe(keptOnOwnHosts.length > 0);
      }),
      { numRuns: 10_000 },
    );
    expect(placedAtAll).toBeGreaterThan(1000);
  }, 120_000);
});

function haveOwnDisks(nodes: readonly PlaceableNode[]): boolean {
  return new Set(nodes.map(({ host, disk }) => `${host} ${disk}`)).size === nodes.length;
}

function largestShare(nodes: readonly PlaceableNode[]): number {
  return (
    sharesOf(
      nodes.map(({ id }) => id),
      nodes,
    )[0] ?? 0
  );
}

function subsetsOf<T>(things: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return things.flatMap((thing, at) => subsetsOf(things.slice(at + 1), size - 1).map((rest) => [thing, ...rest]));
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
