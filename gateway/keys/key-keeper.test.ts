import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  type DatasetId,
  type KeptEntry,
  keptName,
  type MspId,
  sha256,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readKeptVersion } from './kept-version.ts';
import { KeyKeeper, type KeyKeeperPowers } from './key-keeper.ts';
import { KeyStore } from './key-store.ts';

const dataset = 'dset_a' as DatasetId;
const [a, b, c] = ['vers_a', 'vers_b', 'vers_c'] as VersionId[] as [VersionId, VersionId, VersionId];

let directory: string;
let keys: KeyStore;
let keeper: KeyKeeper;
/** What the ledger has. */
let ledger: Map<string, string>;
/** Names in each transaction that was sent. */
let sent: string[][];
/** What the next transactions wait for before they count. */
let held: { readonly begun: PromiseWithResolvers<void>; readonly over: PromiseWithResolvers<void> }[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keeper-'));
  const inside = (name: string) => join(directory, name);
  keys = KeyStore.open({ file: inside('keys.sqlite'), keyFile: inside('key'), random: randomBytes });
  [ledger, sent, held] = [new Map(), [], []];
  const read = <T>(bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString('utf8')) as T;
  type Sent = { readonly transient: { readonly entries?: Uint8Array; readonly names?: Uint8Array } };
  const submit = async (_name: string, _body: object, _stamp: object, { transient }: Sent) => {
    const entries = transient.entries === undefined ? [] : read<KeptEntry[]>(transient.entries);
    const names = transient.names === undefined ? [] : read<string[]>(transient.names);
    sent.push([...entries.map((one) => one.name), ...names]);
    const gate = held.shift();
    gate?.begun.resolve();
    await gate?.over.promise;
    for (const one of entries) ledger.set(one.name, one.value);
    for (const one of names) ledger.delete(one);
  };
  const evaluate = async (name: string) => (name === 'organization:get' ? { agreementKeys: [] } : {});
  keeper = new KeyKeeper({
    organization: 'AlderMSP' as MspId,
    channel: 'dcloud',
    ledger: { submit, evaluate } as unknown as KeyKeeperPowers['ledger'],
    readModel: { get: () => undefined },
    keys,
    custody: { moved: () => new Map() } as unknown as KeyKeeperPowers['custody'],
    storage: {} as KeyKeeperPowers['storage'],
    recoveryKey: undefined,
    organizationSecret: randomBytes(32),
    random: randomBytes,
    keyedHash: (...parts) => Buffer.from(sha256(parts.join()), 'hex'),
    restoredFile: inside('restored'),
  });
  for (const version of [a, b, c]) {
    const manifest = Buffer.from(`manifest of ${version}`);
    keys.putVersion({ version, dataset, epoch: 1, contentKey: randomBytes(32), salt: randomBytes(32), manifest });
  }
  await keeper.keep(b);
});
afterEach(() => {
  keys[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

/** From now on the next transaction waits. */
function hold() {
  const gate = { begun: Promise.withResolvers<void>(), over: Promise.withResolvers<void>() };
  held.push(gate);
  return gate;
}

const keptOf = (version: VersionId) =>
  readKeptVersion(
    keys.openKept({ version, dataset, epoch: 1 }, Buffer.from(ledger.get(keptName.version(version))!, 'base64')),
  );

test('what was kept earlier and comes through later does not stand over what is newer', async () => {
  const shares = Uint8Array.from(randomBytes(64));
  const gate = hold();
  const older = keeper.keep(a);
  await gate.begun.promise;
  keys.putShares(a, shares);
  const newer = keeper.keep(a);
  // Everything that the newer one waits for is at hand: unless it takes its turn, it is sent by now.
  await setImmediate();
  expect(sent).toHaveLength(2);
  gate.over.resolve();
  await Promise.all([older, newer]);
  expect(keptOf(a).shares).toEqual(shares);
});

test('keys that are destroyed while they are on their way are kept nowhere at last', async () => {
  const gate = hold();
  const keeping = keeper.keep(a);
  const refused = expect(keeping).rejects.toThrow(`There are no keys of ${a} to keep.`);
  await gate.begun.promise;
  keys.destroy([a]);
  const purging = keeper.purge();
  await setImmediate();
  expect(sent).toHaveLength(2);
  gate.over.resolve();
  await Promise.all([refused, purging]);
  expect([...ledger.keys()]).toEqual([keptName.dataset(dataset, 1), keptName.version(b)]);
  expect(keeper.gone()).toEqual([]);
});

test('what waits for its turn goes in one transaction, and what is not there stops none of it', async () => {
  const gate = hold();
  keys.putShares(b, randomBytes(64));
  const first = keeper.keep(b, new AbortController().signal);
  await gate.begun.promise;
  const nothing = 'vers_nothing' as VersionId;
  const refused = expect(keeper.keep(nothing)).rejects.toMatchObject({ kind: 'corrupt' });
  const waiting = [keeper.keep(a), keeper.keep(c)];
  gate.over.resolve();
  await Promise.all([first, refused, ...waiting]);
  expect(sent.slice(1)).toEqual([[keptName.version(b)], [keptName.version(a), keptName.version(c)]]);
});

test('a turn that fails is the last of nothing', async () => {
  const gate = hold();
  const first = keeper.keep(a);
  const refused = expect(first).rejects.toThrow('the peer is away');
  await gate.begun.promise;
  const second = keeper.keep(c);
  gate.over.reject(new Error('the peer is away'));
  await Promise.all([refused, second]);
  await keeper.settle(() => false);
  expect([...ledger.keys()].sort()).toEqual(
    [keptName.dataset(dataset, 1), ...[a, b, c].map((version) => keptName.version(version))].sort(),
  );
});
