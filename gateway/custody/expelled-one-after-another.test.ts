/** Storage nodes that are expelled one after another: against a resharing that the first expulsion began and could not end. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idFrom, type MspId, type StorageNodeId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { blockId, combineShares, decodeShare, encodeShare, shareDigests, splitSecret } from '@d-cloud/pipelines/seal';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CustodyStore } from './custody-store.ts';
import { type ResharePowers, reshareVersion } from './reshare-version.ts';
import type { VersionBlocks } from './version-blocks.ts';

const scheme = { k: 2, n: 5 };
const version = idFrom('vers', new Uint8Array(16));
const slots = Array.from({ length: scheme.n }, (_, slot) => ({
  slot,
  storageNode: idFrom('stor', new Uint8Array(16).fill(slot)) as StorageNodeId,
  organization: 'BirchMSP' as MspId,
}));
const nodeAt = (slot: number) => slots[slot]!.storageNode;
const { signal } = new AbortController();

let directory: string;
let store: CustodyStore;
let s: Uint8Array;
/** The digests of the shares that count. */
let counting: Uint8Array;
let held: Map<string, Uint8Array>;
let isDown: (node: StorageNodeId, what: 'put' | 'remove') => boolean;
let hasLeft: (node: StorageNodeId) => boolean;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'expelled-'));
  store = new CustodyStore(join(directory, 'custody.sqlite'));
  s = randomBytes(32);
  const blocks = splitSecret(s, scheme, randomBytes(32 * (scheme.k - 1))).map((share) => encodeShare(share, scheme));
  counting = shareDigests(blocks);
  held = new Map(blocks.map(({ cid, bytes }, slot) => [`${cid} ${nodeAt(slot)}`, bytes]));
  isDown = () => false;
  hasLeft = () => false;
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

function reshare(...barred: readonly number[]): Promise<void> {
  const reach = (node: StorageNodeId, what: 'put' | 'remove') => {
    if (isDown(node, what)) throw new Fault('unavailable', `${node} is down`);
  };
  const powers: ResharePowers = {
    store,
    keys: {
      putShares: (_, digests) => {
        counting = digests;
      },
    },
    keeper: { keep: async () => {} },
    secrets: { lend: async (_, act) => act(Uint8Array.from(s)) },
    blocks: {
      put: async (node, cid, bytes) => {
        reach(node, 'put');
        held.set(`${cid} ${node}`, Uint8Array.from(bytes));
      },
      remove: async (node, cid) => {
        reach(node, 'remove');
        held.delete(`${cid} ${node}`);
      },
    },
    random: (sizeBytes) => randomBytes(sizeBytes),
    hasLeft: (node) => hasLeft(node),
    failpoint: () => {},
  };
  const blocks = { version, manifest: { ...scheme, version, shares: counting } } as unknown as VersionBlocks;
  return reshareVersion(powers, blocks, slots, new Set(barred.map(nodeAt)), signal);
}

/** Every share that lies at a slot's storage node, whichever sharing it is of. */
const sharesAt = (slot: number) =>
  [...held].flatMap(([place, bytes]) => (place.endsWith(nodeAt(slot)) ? [decodeShare(bytes, slot, scheme)] : []));
const currentAt = (slot: number) => {
  const cid = blockId(counting.subarray(32 * slot, 32 * slot + 32));
  return decodeShare(held.get(`${cid} ${nodeAt(slot)}`)!, slot, scheme);
};

test('a storage node that took a share of the first sharing anew, and is expelled before that is ended, keeps none that combines', async () => {
  isDown = (node, what) => node === nodeAt(1) && what === 'remove';
  await expect(reshare(0)).rejects.toMatchObject({ kind: 'unavailable' });
  expect(sharesAt(1)).toHaveLength(2);
  expect(store.barred(version).size).toBe(0);

  isDown = (node) => node === nodeAt(1);
  await reshare(0, 1);
  expect(store.barred(version)).toEqual(new Set([nodeAt(0), nodeAt(1)]));
  expect(store.resharing(version)).toBeUndefined();
  const current = [2, 3, 4].map(currentAt);
  expect(Buffer.from(combineShares(current.slice(0, scheme.k), scheme)).equals(s)).toBe(true);
  for (const kept of [...sharesAt(0), ...sharesAt(1)])
    for (const one of current) expect(Buffer.from(combineShares([kept, one], scheme)).equals(s)).toBe(false);
});

test('a storage node that was away while its old share was to be removed is not waited for once it has left', async () => {
  isDown = (node, what) => node === nodeAt(4) && what === 'remove';
  await expect(reshare(0)).rejects.toMatchObject({ kind: 'unavailable' });
  await expect(reshare(0)).rejects.toMatchObject({ kind: 'unavailable' });
  hasLeft = (node) => node === nodeAt(4);
  await reshare(0);
  expect(store.barred(version)).toEqual(new Set([nodeAt(0)]));
  expect(store.resharing(version)).toBeUndefined();
});

test('the old share at a place that a slot was moved away from is removed too, once its storage node answers', async () => {
  const away = idFrom('stor', new Uint8Array(16).fill(99)) as StorageNodeId;
  const old = blockId(counting.subarray(32 * 4, 32 * 4 + 32));
  held.set(`${old} ${away}`, held.get(`${old} ${nodeAt(4)}`)!);
  store.move(version, slots[4]!, { ...slots[4]!, storageNode: away });
  isDown = (node) => node === away;
  await expect(reshare(0)).rejects.toMatchObject({ kind: 'unavailable' });
  expect(store.barred(version).size).toBe(0);
  isDown = () => false;
  await reshare(0);
  expect([...held.keys()].filter((place) => place.startsWith(old))).toEqual([]);
  expect(store.barred(version)).toEqual(new Set([nodeAt(0)]));
});
