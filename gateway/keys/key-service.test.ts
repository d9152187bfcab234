import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AccessId,
  AccessRecord,
  DatasetId,
  DatasetRecord,
  JobId,
  JobRecord,
  MspId,
  PartitionRecord,
  VersionId,
} from '@d-cloud/chaincode/domain';
import {
  deriveSegmentKey,
  encodeManifest,
  generateKeyPair,
  manifestOf,
  openKeyRelease,
  parseKeyRelease,
} from '@d-cloud/pipelines/seal';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KeyService, type KeyServicePowers } from './key-service.ts';
import { KeyStore } from './key-store.ts';

const alder = 'AlderMSP' as MspId;
const birch = 'BirchMSP' as MspId;
const open = 'dset_open' as DatasetId;
const secret = 'dset_secret' as DatasetId;
const openVersion = 'vers_open' as VersionId;
const secretVersion = 'vers_secret' as VersionId;
/** Of the dataset open to all members, with shares of S. */
const sharedVersion = 'vers_shared' as VersionId;
const contentKey = new Uint8Array(32).fill(1);
const s = new Uint8Array(32).fill(2);
const ephemeral = generateKeyPair();
const ephemeralKey = Buffer.from(ephemeral.publicKey).toString('base64');
const caller = { organization: birch, name: 'gateway' };

let directory: string;
let keys: KeyStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcloud-keys-'));
  const random = (bytes: number) => new Uint8Array(bytes).fill(7);
  keys = KeyStore.open({ file: join(directory, 'keys.sqlite'), keyFile: join(directory, 'key'), random });
  for (const [version, dataset] of [
    [openVersion, open],
    [sharedVersion, open],
    [secretVersion, secret],
  ] as const) {
    const slots = [0, 1].map((slot) => ({ slot, storageNode: `stor_${slot}`, organization: alder }));
    const segments = [{ index: 0, rows: 1, token: 0, fragmentBytes: 4096, digests: new Uint8Array(64) }];
    const shares = version === sharedVersion ? new Uint8Array(64) : undefined;
    const schemaHash = 'ab'.repeat(32);
    const manifest = manifestOf({ version, k: 1, n: 2, slots, segments, last: true, schemaHash, shares });
    const kept = { contentKey, salt: new Uint8Array(32), epoch: 1 };
    keys.putVersion({ ...kept, version, dataset, manifest: encodeManifest(manifest) });
  }
});

afterEach(() => {
  keys[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

/** Alder's key service over a ledger with one dataset for all members, one for nobody, and what others wrote of an access and a claim. */
function service(written: { access?: Partial<AccessRecord>; job?: Partial<JobRecord> }): KeyService {
  const answers = (name: string, body: { id?: string }): unknown => {
    switch (name) {
      case 'dataset:get': {
        const access = body.id === open ? 'members' : 'granted';
        return { id: body.id, owner: alder, terms: { access, purposes: ['research'] } } as unknown as DatasetRecord;
      }
      case 'dataset:getVersion':
        return { id: body.id, state: 'published' };
      case 'access:get':
        return { outcome: 'allowed', reader: birch, purpose: 'research', ephemeralKey, ...written.access };
      case 'partition:get': {
        const claim = { token: 1, organization: birch, node: 'gateway', transaction: 'tx-claim', ephemeralKey };
        return { state: 'claimed', token: 1, claim, firstSegment: 0, segments: 1 } as unknown as PartitionRecord;
      }
      case 'job:get': {
        const job = { id: 'job_a', state: 'running', datasetOwner: alder, requester: birch, executors: [birch] };
        return { ...job, purpose: 'research', ...written.job };
      }
      default:
        throw new Error(name);
    }
  };
  return new KeyService({
    organization: alder,
    channel: 'dcloud',
    ledger: { evaluate: async (name: string, body: object) => answers(name, body) },
    readModel: {
      transaction: () => ({ creator: birch, function: 'partition:claim', validation: 'VALID' }),
      waitFor: async () => {},
      get: () => ({ transaction: 'tx-access' }),
    },
    ownHeight: async () => 1,
    clock: { now: () => new Date('2026-11-22T12:00:00Z') },
    keys,
    jobs: { plan: () => undefined },
    custody: { whereNow: () => undefined },
    secrets: { lend: async (at: unknown, act: (lent: unknown) => unknown) => act(at === undefined ? undefined : s) },
  } as unknown as KeyServicePowers);
}

describe('the key service', () => {
  const byAccess = { kind: 'access', access: 'accs_a' as AccessId } as const;
  const byClaim = { kind: 'claim', job: 'job_a' as JobId, partition: 0, token: 1 } as const;

  test('releases a version of a dataset for all members', async () => {
    const written = { access: { dataset: open, version: openVersion }, job: { dataset: open, version: openVersion } };
    await expect(service(written).release(caller, byAccess)).resolves.toMatchObject([{ version: openVersion }]);
    await expect(service(written).release(caller, byClaim)).resolves.toMatchObject([{ version: openVersion }]);
  });

  /** What a release of the version without or with shares of S says to whoever holds the ephemeral key. */
  async function said(request: typeof byAccess | typeof byClaim, version: VersionId) {
    const written = { access: { dataset: open, version }, job: { dataset: open, version } };
    const [given] = await service(written).release(caller, request);
    const transaction = request.kind === 'claim' ? 'tx-claim' : 'tx-access';
    const grantee = request.kind === 'claim' ? caller.name : birch;
    const context = { channel: 'dcloud', dataset: open, version, epoch: 1, grantee, purpose: 'research', transaction };
    const bytes = await openKeyRelease(ephemeral, context, parseKeyRelease(given?.release));
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  }
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

  test('gives a claim segment keys derived with S, and neither the content key nor S', async () => {
    const payload = await said(byClaim, sharedVersion);
    const key = deriveSegmentKey({ cek: contentKey, s }, { version: sharedVersion, index: 0, token: 0 });
    expect(payload).toMatchObject({ v: 1, keys: [{ index: 0, key: base64(key) }] });
    for (const secret of [contentKey, s]) expect(JSON.stringify(payload)).not.toContain(base64(secret));
  });

  test('gives a reader the content key alone where S is to be gathered, and segment keys where there is none', async () => {
    const shared = await said(byAccess, sharedVersion);
    expect(shared).toMatchObject({ v: 2, contentKey: base64(contentKey) });
    expect(shared).not.toHaveProperty('keys');
    expect(JSON.stringify(shared)).not.toContain(base64(s));
    const key = deriveSegmentKey({ cek: contentKey }, { version: openVersion, index: 0, token: 0 });
    expect(await said(byAccess, openVersion)).toMatchObject({ v: 1, keys: [{ index: 0, key: base64(key) }] });
  });

  test('releases nothing against an access that names a version under another dataset', async () => {
    const written = { access: { dataset: open, version: secretVersion } };
    await expect(service(written).release(caller, byAccess)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  });

  test('releases nothing against a job that names a version under another dataset', async () => {
    const written = { job: { dataset: open, version: secretVersion } };
    await expect(service(written).release(caller, byClaim)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
    expect(keys.releases(1)).toMatchObject([{ outcome: 'refused', detail: 'VERSION_NOT_FOUND' }]);
  });
});
