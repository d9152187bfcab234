/** A key store that was restored, or built again, takes in what the ledger keeps of a version: against real stores, and a ledger of one record. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commit, idFrom, type KeptEntry, keptName, type MspId, type StorageNodeId } from '@d-cloud/chaincode/domain';
import {
  encodeManifest,
  generateKeyPair,
  manifestHash,
  parseManifest,
  SealThreads,
  sealSegments,
} from '@d-cloud/pipelines/seal';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CustodyStore } from '../custody/custody-store.ts';
import { placedBlocks } from '../custody/placed-blocks.ts';
import { VersionBlocks } from '../custody/version-blocks.ts';
import { type KeptVersion, writeKeptVersion } from './kept-version.ts';
import { KeyStore, type NextKeys } from './key-store.ts';
import { takeInKept } from './take-in-kept.ts';
import { recoveryName, wrapDatasetKey } from './wrapped-keys.ts';

const organization = 'AlderMSP' as MspId;
const [version, dataset] = [idFrom('vers', new Uint8Array(16)), idFrom('dset', new Uint8Array(16))];
const where = { channel: 'dcloud', organization };
const nodeAt = (at: number): StorageNodeId => idFrom('stor', new Uint8Array(16).fill(at));
const place = (slot: number, at: number) => ({ slot, storageNode: nodeAt(at), organization });

let directory: string;
let keys: KeyStore;
let custody: CustodyStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'take-in-'));
  const inside = (name: string) => join(directory, name);
  keys = KeyStore.open({ file: inside('keys.sqlite'), keyFile: inside('key'), random: randomBytes });
  custody = new CustodyStore(inside('custody.sqlite'));
});
afterEach(() => {
  keys[Symbol.dispose]();
  custody[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

/** Keys of one small segment on the storage nodes 0, 1 and 2, one block each. */
async function sealing(): Promise<NextKeys> {
  await using threads = new SealThreads(1);
  const contentKey = randomBytes(32);
  const segment = async function* () {
    yield { bytes: Uint8Array.from(randomBytes(1_000)), rows: 1 };
  };
  const manifest = await sealSegments(segment(), {
    version,
    secret: { cek: contentKey },
    token: 0,
    firstSegment: 0,
    scheme: { k: 2, n: 3 },
    slots: [0, 1, 2].map((slot) => place(slot, slot)),
    schemaHash: '0'.repeat(64),
    threads,
    put: async () => {},
  });
  return { contentKey, salt: randomBytes(32), manifest: Buffer.from(encodeManifest(manifest)) };
}

/** Takes in what the ledger keeps of the version, where it commits to these of its keys. */
async function takeIn(kept: KeptVersion, counting: NextKeys, times: number): Promise<void> {
  const pair = generateKeyPair();
  const named = { version, dataset, epoch: 1 };
  const datasetKey = keys.datasetKey(dataset, 1)!;
  const wrapped = await wrapDatasetKey(where, named, datasetKey, [{ to: recoveryName, publicKey: pair.publicKey }]);
  const manifestCommitment = commit(counting.salt, Buffer.from(manifestHash(counting.manifest), 'hex'));
  const record = { id: version, dataset, epoch: 1, sealing: times, manifestCommitment };
  const sealed = keys.sealKept(named, writeKeptVersion(kept));
  const entries: readonly KeptEntry[] = [
    { name: keptName.dataset(dataset, 1), value: Buffer.from(wrapped).toString('base64') },
    { name: keptName.version(version), value: Buffer.from(sealed).toString('base64') },
  ];
  const storage = {
    organization,
    storageNodes: new Set<StorageNodeId>(),
    index: { reserve: () => 'taken', confirm() {} },
  };
  const openers = [{ to: recoveryName, pair }];
  const ledger = { evaluate: async () => record };
  await takeInKept({ keys, custody, storage, ledger, where, openers } as never, entries);
}

test('the places of a restored store that have changed since do not stand beside those that are kept, nor is one of these cleared', async () => {
  const only = await sealing();
  keys.putVersion({ version, dataset, epoch: 1, ...only });
  custody.move(version, place(0, 7), place(0, 0));
  custody.move(version, place(1, 8), place(1, 1));
  // Slot 0 was moved back since and slot 2 was moved too.
  await takeIn({ ...only, moved: [place(1, 8), place(2, 9)] }, only, 1);
  const { slot: _, ...there } = place(1, 8);
  const { slot: __, ...since } = place(2, 9);
  expect(custody.moved(version)).toEqual(
    new Map([
      [1, there],
      [2, since],
    ]),
  );
  expect(custody.vacated(version)).toEqual([{ slot: 1, storageNode: nodeAt(1) }]);
});

test('nothing of where an older sealing lay is kept for a newer one, and next keys that count now are no next keys', async () => {
  const [older, newer] = [await sealing(), await sealing()];
  keys.putVersion({ version, dataset, epoch: 1, ...older });
  keys.putNext(2, { version, ...newer });
  custody.move(version, place(0, 7), place(0, 5));
  await takeIn({ ...newer, moved: [] }, newer, 2);
  expect(keys.version(version)).toMatchObject(newer);
  expect(keys.next(version)).toBeUndefined();
  expect([custody.moved(version).size, custody.vacated(version), custody.held(version)]).toEqual([0, [], []]);
  expect(custody.superseded()).toEqual([]);
});

test('where the ledger came to the next keys before the disk was lost, the old blocks are named to be removed', async () => {
  const [older, newer] = [await sealing(), await sealing()];
  keys.putVersion({ version, dataset, epoch: 1, ...older });
  await takeIn({ ...older, moved: [place(0, 7)], next: newer }, newer, 2);
  expect(keys.version(version)).toMatchObject(newer);
  expect(custody.moved(version).size).toBe(0);
  const blocks = new VersionBlocks(parseManifest(older.manifest));
  const old = placedBlocks(blocks, [place(0, 7), place(1, 1), place(2, 2)]);
  expect(old).toHaveLength(3 * blocks.perSlot);
  expect(custody.superseded()).toEqual([{ version, sealing: 2, blocks: old }]);
});
