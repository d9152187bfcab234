import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MspId, StorageNodeId, StorageNodeRecord } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type BlockStore, StoreRefusal } from '@d-cloud/network/store';
import {
  blockId,
  encodeShare,
  openSegments,
  SealThreads,
  type StorageManifest,
  sealSegments,
  shareDigests,
  splitSecret,
} from '@d-cloud/pipelines/seal';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FailpointReached } from '../publish/failpoint.ts';
import { auditVersion } from './audit-version.ts';
import { CustodyStore } from './custody-store.ts';
import { planRepair } from './plan-repair.ts';
import { repairVersion } from './repair-version.ts';
import { currentSlots, VersionBlocks } from './version-blocks.ts';

const scheme = { k: 3, n: 5 };
const organizations = ['A', 'A', 'B', 'B', 'C'] as const;
const cek = randomBytes(32);
const plain = [randomBytes(40_000), randomBytes(10_000)];
const { signal } = new AbortController();

/** Storage nodes as maps: what is not in one is not there, and one that is down answers nobody. */
class Nodes {
  readonly held = new Map<string, Map<string, Uint8Array>>();
  readonly down = new Set<string>();

  of(node: string): Map<string, Uint8Array> {
    const known = this.held.get(node) ?? new Map<string, Uint8Array>();
    this.held.set(node, known);
    return known;
  }

  at(node: StorageNodeId): BlockStore {
    const reach = () => {
      if (this.down.has(node)) throw new Fault('unavailable', `${node} is down`);
      return this.of(node);
    };
    return {
      put: async (cid, bytes) => void reach().set(cid, Uint8Array.from(bytes)),
      get: async (cid) => {
        const bytes = reach().get(cid);
        if (bytes === undefined) throw new StoreRefusal('BLOCK_NOT_FOUND', 'not here');
        if (blockId(createHash('sha256').update(bytes).digest()) !== cid) throw new Fault('corrupt', 'rotten');
        return Buffer.from(bytes);
      },
      stat: async (cid) => reach().get(cid)?.length,
      remove: async (cid) => reach().delete(cid),
    };
  }

  put = (node: StorageNodeId, cid: string, bytes: Uint8Array) => this.at(node).put(cid, bytes);
  remove = async (node: StorageNodeId, cid: string) => void (await this.at(node).remove(cid));
}

let threads: SealThreads;
let sealed: { manifest: StorageManifest; fragments: readonly { slot: number; cid: string; bytes: Uint8Array }[] };
beforeAll(async () => {
  threads = new SealThreads(1);
  const fragments: { slot: number; cid: string; bytes: Uint8Array }[] = [];
  const made = await sealSegments(segments(), {
    version: 'vers_aaaaaaaaaaaaaaaaaaaaaaaaaa',
    secret: { cek },
    token: 0,
    firstSegment: 0,
    scheme,
    slots: organizations.map((organization, slot) => ({ slot, storageNode: `n${slot}`, organization })),
    schemaHash: '0'.repeat(64),
    threads,
    put: async ({ slot, cid, bytes }) => void fragments.push({ slot, cid, bytes: Uint8Array.from(bytes) }),
  });
  const shares = splitSecret(randomBytes(32), scheme, randomBytes(32 * (scheme.k - 1))).map((one) =>
    encodeShare(one, scheme),
  );
  sealed = { manifest: { ...made, shares: shareDigests(shares) }, fragments: [...fragments, ...shares] };
}, 60_000);
afterAll(() => threads[Symbol.asyncDispose]());

async function* segments() {
  for (const bytes of plain) yield { bytes: Uint8Array.from(bytes), rows: 1 };
}

let nodes: Nodes;
let store: CustodyStore;
let directory: string;
beforeEach(() => {
  nodes = new Nodes();
  for (const { slot, cid, bytes } of sealed.fragments) nodes.of(`n${slot}`).set(cid, Uint8Array.from(bytes));
  directory = mkdtempSync(join(tmpdir(), 'custody-'));
  store = new CustodyStore(join(directory, 'custody.sqlite'));
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

const blocks = () => new VersionBlocks(sealed.manifest);
const slotsNow = () => currentSlots(sealed.manifest, store.moved(blocks().version));
const registered = (
  more: readonly StorageNodeRecord[] = [],
  states: Readonly<Record<string, StorageNodeRecord['state']>> = {},
) => [...organizations.map((organization, slot) => record(`n${slot}`, organization, states[`n${slot}`])), ...more];
const record = (id: string, organization: string, state: StorageNodeRecord['state'] = 'active'): StorageNodeRecord => ({
  v: 1,
  id: id as StorageNodeId,
  organization: organization as MspId,
  host: id,
  disk: 'd',
  capacityBytes: '1',
  state,
});

const audit = () => {
  const everything = new Map(slotsNow().map(({ slot }) => [slot, blocks().ordinals]));
  return auditVersion({ store, blocks: nodes, nowMs: () => 5 }, blocks(), slotsNow(), everything, {
    signal,
    pausesMs: [0],
  });
};
function repair(known: readonly StorageNodeRecord[], change: Partial<Parameters<typeof repairVersion>[0]> = {}) {
  const alive = new Set(known.map(({ id }) => id).filter((id) => !nodes.down.has(id)));
  const surroundings = { nowMs: 5, graceMs: 1_000, nodes: known, alive };
  const plan = planRepair({ ...scheme, seed: 'v' }, slotsNow(), store.observed(blocks().version), surroundings);
  const powers = { store, blocks: nodes, threads, nowMs: () => 6, failpoint: () => {}, isKept: () => true, ...change };
  return repairVersion(powers, blocks(), slotsNow(), plan, signal);
}
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const copyOf = (node: string) => new Map([...nodes.of(node)].sort().map(([cid, bytes]) => [cid, digest(bytes)]));
const whole = plain.map(digest);
async function opened(): Promise<readonly string[]> {
  const slots = slotsNow();
  const found = openSegments(sealed.manifest, {
    secretFor: () => ({ cek }),
    get: (slot, cid) => nodes.at(slots[slot]!.storageNode).get(cid),
    threads,
  });
  return Array.fromAsync(found, ({ bytes }) => digest(bytes));
}

describe('a version whose blocks are gone', () => {
  test('gets the very same blocks back, shares of S too, without a key', async () => {
    const before = [copyOf('n1'), copyOf('n4')];
    nodes.of('n1').clear();
    for (const bytes of nodes.of('n4').values()) bytes[0]! ^= 1;
    expect(await audit()).toContainEqual(expect.objectContaining({ node: 'n1', missing: blocks().perSlot }));
    const { nodes: put, stuck } = await repair(registered());
    expect(stuck).toEqual([]);
    expect(put.map(({ node, repaired }) => [node, repaired])).toEqual([
      ['n1', blocks().perSlot],
      ['n4', blocks().perSlot],
    ]);
    expect(copyOf('n1')).toEqual(before[0]);
    expect(copyOf('n4')).toEqual(before[1]);
    expect((await audit()).every(({ ok }) => ok === blocks().perSlot)).toBe(true);
  });

  test('in all 10 patterns of n - k storage nodes is whole again, and opens', async () => {
    let patterns = 0;
    for (let first = 0; first < scheme.n; first++)
      for (let second = first + 1; second < scheme.n; second++) {
        for (const at of [first, second]) nodes.of(`n${at}`).clear();
        await audit();
        expect((await repair(registered())).stuck).toEqual([]);
        expect(await opened()).toEqual(whole);
        patterns++;
      }
    expect(patterns).toBe(10);
  });

  test('in n - k + 1 of them says so, and puts nothing', async () => {
    for (const at of [0, 1, 2]) nodes.of(`n${at}`).clear();
    await audit();
    const { nodes: put, stuck } = await repair(registered());
    expect(put).toEqual([]);
    expect(stuck.length).toBeGreaterThan(0);
    expect(nodes.of('n0').size).toBe(0);
  });

  test('is whole once when two gateways of its owner repair it at the same time, each with its own book', async () => {
    const before = [copyOf('n1'), copyOf('n4')];
    using second = new CustodyStore(join(directory, 'second.sqlite'));
    for (const at of ['n1', 'n4']) nodes.of(at).clear();
    await audit();
    for (const one of store.observed(blocks().version)) second.observe(blocks().version, one);
    const both = await Promise.all([repair(registered()), repair(registered(), { store: second })]);
    expect(both.map(({ stuck }) => stuck)).toEqual([[], []]);
    expect([copyOf('n1'), copyOf('n4')]).toEqual(before);
    expect(await opened()).toEqual(whole);
  });

  test('is not brought back once it was erased', async () => {
    nodes.of('n1').clear();
    await audit();
    await expect(repair(registered(), { isKept: () => false })).rejects.toThrow('erased');
    expect(nodes.of('n1').size).toBe(0);
  });
});

describe('a storage node that drains', () => {
  const draining = () => registered([record('x', 'A')], { n0: 'draining' });

  test('is emptied, after its blocks are at their new place and that is written down', async () => {
    const before = copyOf('n0');
    const { moved, stuck } = await repair(draining());
    expect({ moved, stuck }).toEqual({ moved: [{ slot: 0, storageNode: 'x', organization: 'A' }], stuck: [] });
    expect(copyOf('x')).toEqual(before);
    expect(nodes.of('n0').size).toBe(0);
    expect(slotsNow()[0]).toMatchObject({ storageNode: 'x' });
    expect(await opened()).toEqual(whole);
  });

  test.each(['repair.first-put', 'repair.placed', 'repair.moved'] as const)(
    'loses nothing when the gateway dies at %s, and the same again ends the work',
    async (line) => {
      const dies = (name: string) => {
        if (name === line) throw new FailpointReached(name);
      };
      await expect(repair(draining(), { failpoint: dies })).rejects.toThrow(FailpointReached);
      expect(await opened()).toEqual(whole);
      expect((await repair(draining())).stuck).toEqual([]);
      expect(nodes.of('n0').size).toBe(0);
      expect(store.vacated(blocks().version)).toEqual([]);
      expect(slotsNow()[0]).toMatchObject({ storageNode: 'x' });
      expect((await audit()).every(({ ok }) => ok === blocks().perSlot)).toBe(true);
    },
  );

  test('is cleared later where it is away when its blocks are at their new place', async () => {
    const remove = async () => Promise.reject(new Fault('unavailable', 'away'));
    const away = { at: (id: StorageNodeId) => nodes.at(id), put: nodes.put, remove };
    expect((await repair(draining(), { blocks: away })).moved).toHaveLength(1);
    expect(nodes.of('n0').size).toBe(blocks().perSlot);
    expect(store.vacated(blocks().version)).toEqual([{ slot: 0, storageNode: 'n0' }]);
    expect((await repair(draining())).moved).toEqual([]);
    expect(nodes.of('n0').size).toBe(0);
    expect(store.vacated(blocks().version)).toEqual([]);
  });

  test('and fails half way is helped by the others', async () => {
    const [cid] = [...nodes.of('n0').keys()];
    nodes.of('n0').delete(cid!);
    const { moved } = await repair(draining());
    expect(moved).toHaveLength(1);
    expect(copyOf('x').has(cid!)).toBe(true);
  });

  test('keeps its blocks when the new place takes none', async () => {
    const known = draining();
    const put = async () => Promise.reject(new Fault('unavailable', 'full', { retryable: false }));
    const full = { at: (id: StorageNodeId) => nodes.at(id), remove: nodes.remove, put };
    const { moved, stuck } = await repair(known, { blocks: full });
    expect(moved).toEqual([]);
    expect(stuck[0]).toContain('does not take fragment 0');
    expect(nodes.of('n0').size).toBe(blocks().perSlot);
    expect(slotsNow()[0]).toMatchObject({ storageNode: 'n0' });
  });
});
