import { describe, expect, test } from '@jest/globals';
import { defaultShape, describeNetwork, networkDescription, portsNeeded } from './description.ts';

const ports = (count: number) => Array.from({ length: count }, (_, at) => 8_000 + at);
let minted = 0;
const mintId = (kind: string) => `${kind}_${minted++}`;

describe('the network on one machine', () => {
  test('has three organizations, none of which holds the 4 fragments that open a version, and each of which may go', () => {
    const stored = defaultShape.map(({ storageNodes }) => storageNodes);
    expect(stored).toHaveLength(3);
    expect(stored.reduce((sum, count) => sum + count, 0)).toBe(7);
    for (const count of stored) {
      expect(count).toBeLessThan(4);
      expect(7 - count).toBeGreaterThanOrEqual(4);
    }
  });

  test('gives every program a port of its own, and every node an id of its own', () => {
    const described = describeNetwork(defaultShape, ports(portsNeeded(defaultShape)), mintId);
    expect(networkDescription.parse(JSON.parse(JSON.stringify(described)))).toEqual(described);
    const used = [
      described.chaincodePort,
      ...described.organizations.flatMap((one) => [
        ...Object.values(one.ports),
        ...one.storageNodes.map(({ port }) => port),
      ]),
    ];
    expect(used.toSorted()).toEqual(ports(portsNeeded(defaultShape)));
    const ids = described.organizations.flatMap((one) =>
      [...one.storageNodes, ...one.computeNodes].map(({ id }) => id),
    );
    expect(new Set(ids).size).toBe(9);
  });

  test('puts the storage nodes of an organization on disks of their own, which are failure domains', () => {
    const { organizations } = describeNetwork(defaultShape, ports(portsNeeded(defaultShape)), mintId);
    for (const { storageNodes } of organizations)
      expect(new Set(storageNodes.map(({ disk }) => disk)).size).toBe(storageNodes.length);
  });

  test('is not described with too few ports', () => {
    expect(() => describeNetwork(defaultShape, ports(16), mintId)).toThrow('needs 17 ports');
  });
});
