/** Next keys that are there when a pass begins, as a crash, a backup or a second hard revoke leaves them: against real stores and no storage nodes. */
import { randomBytes } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commit, idFrom, type MspId, type StorageNodeId } from '@d-cloud/chaincode/domain';
import { manifestHash } from '@d-cloud/pipelines/seal';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CustodyStore } from '../custody/custody-store.ts';
import { KeyStore, type NextKeys } from '../keys/key-store.ts';
import type { FailpointName } from '../publish/failpoint.ts';
import { PutList, versionsWithPutList } from '../publish/put-list.ts';
import { Resealer, type ResealerPowers } from './resealer.ts';

const organization = 'AlderMSP' as MspId;
const [version, dataset] = [idFrom('vers', new Uint8Array(16)), idFrom('dset', new Uint8Array(16))];
const storageNode = idFrom('stor', new Uint8Array(16)) as StorageNodeId;

const minted = (sealing: number): NextKeys => ({
  contentKey: randomBytes(32),
  salt: randomBytes(32),
  manifest: Buffer.from(`manifest of sealing ${sealing}`),
});
const [first, second] = [minted(1), minted(2)];
const commitmentOf = ({ salt, manifest }: NextKeys) => commit(salt, Buffer.from(manifestHash(manifest), 'hex'));

let directory: string;
let keys: KeyStore;
let store: CustodyStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'next-keys-'));
  const inside = (name: string) => join(directory, name);
  keys = KeyStore.open({ file: inside('keys.sqlite'), keyFile: inside('key'), random: randomBytes });
  store = new CustodyStore(inside('custody.sqlite'));
});
afterEach(() => {
  keys[Symbol.dispose]();
  store[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

type Story = {
  /** How the ledger shows the version, asked each time that nothing else is done to it. */
  readonly sealing: (turn: number) => number;
  /** Whether a hard revoke asks for another sealing of it. */
  readonly isDue: boolean;
};

/** Lets a resealer go until it has kept the version, reached a line, or told of what failed; gives which. */
async function untilStopped({ sealing, isDue }: Story, line: FailpointName): Promise<string> {
  const stopped = Promise.withResolvers<string>();
  let turn = 0;
  const record = () => ({
    id: version,
    dataset,
    epoch: 1,
    sealing: sealing(turn),
    manifestCommitment: commitmentOf(sealing(turn) === 1 ? first : second),
  });
  const revoked = { owner: organization, dataset, resealBefore: 2, terms: { versions: [] } };
  const listed = (kind: string) => (!isDue ? [] : kind === 'grant' ? [revoked] : [record()]);
  const manifest = () => Buffer.from(keys.version(version)!.manifest).toString();
  const powers = {
    organization,
    readModel: {
      get: (kind: string) => ({ record: kind === 'version' ? record() : {} }),
      list: (kind: string) => ({ items: listed(kind).map((one) => ({ record: one })) }),
      events: ({ signal }: { signal: AbortSignal }) => on(new EventEmitter(), 'event', { signal }),
    },
    keys,
    keeper: { ready: async () => {}, keep: async () => stopped.resolve('kept') },
    custody: {
      alone: (_: unknown, act: (known: object) => Promise<void>) => {
        turn++;
        const blocks = { ordinals: [0], cid: () => `a block of the ${manifest()}` };
        return act({ blocks, slots: [{ slot: 0, storageNode, organization }] });
      },
    },
    store,
    ways: () => new Map(),
    putListDirectory: directory,
    random: randomBytes,
    failpoint: (name: FailpointName) => {
      if (name !== line) return;
      stopped.resolve(name);
      throw new Error(`reached ${name}`);
    },
    log: { info() {}, error() {}, warn: ({ err }: { err: Error }) => stopped.resolve(err.message) },
  } as unknown as ResealerPowers;
  await using resealer = new Resealer(powers);
  resealer.start();
  return await stopped.promise;
}

test('next keys that count already, as after a restore from a backup of before the switch, are dropped and no block is old', async () => {
  keys.putVersion({ version, dataset, epoch: 1, ...second });
  keys.putNext(2, { version, ...second });
  expect(await untilStopped({ sealing: () => 2, isDue: false }, 'reseal.superseded')).toBe('kept');
  expect(store.superseded()).toEqual([]);
  expect(keys.next(version)).toBeUndefined();
  expect(keys.version(version)).toMatchObject({ manifest: second.manifest });
});

test('the sealing that the ledger has counts before another one is begun, where a second hard revoke came between', async () => {
  keys.putVersion({ version, dataset, epoch: 1, ...first });
  keys.putNext(2, { version, ...second });
  expect(await untilStopped({ sealing: () => 2, isDue: true }, 'reseal.superseded')).toBe('reseal.superseded');
  expect(store.superseded()).toMatchObject([{ sealing: 2, blocks: [{ cid: 'a block of the manifest of sealing 1' }] }]);
  expect(keys.next(version)).toMatchObject(second);
});

test('next keys that the ledger has come to in the middle of a pass are not taken for those of a try that came to nothing', async () => {
  keys.putVersion({ version, dataset, epoch: 1, ...first });
  keys.putNext(2, { version, ...second });
  const story = { sealing: (turn: number) => (turn < 2 ? 1 : 2), isDue: true };
  expect(await untilStopped(story, 'reseal.begun')).toContain('is ended first');
  expect(keys.next(version)).toMatchObject(second);
});

test('a put list that a crash left behind next keys is gone before they can count: by the next sealing it would name current blocks', async () => {
  keys.putVersion({ version, dataset, epoch: 1, ...first });
  keys.putNext(2, { version, ...second });
  {
    using list = new PutList(directory, version);
    list.add({ cid: 'a block of the manifest of sealing 2', storageNode });
  }
  expect(await untilStopped({ sealing: () => 1, isDue: true }, 'reseal.kept')).toBe('reseal.kept');
  expect(versionsWithPutList(directory)).toEqual([]);
});
