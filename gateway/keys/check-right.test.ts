import type {
  DatasetId,
  DatasetRecord,
  ErasureId,
  GrantId,
  GrantRecord,
  JobId,
  JobRecord,
  ModelId,
  MspId,
  PartitionRecord,
  VersionId,
  VersionRecord,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import type { LedgerTransaction } from '../projection/read-model.ts';
import { checkClaim, checkFresh, checkUse, type RightPowers, type Use } from './check-right.ts';

const alder = 'AlderMSP' as MspId;
const birch = 'BirchMSP' as MspId;
const cedar = 'CedarMSP' as MspId;
const dataset = {
  id: 'dset_a' as DatasetId,
  owner: alder,
  terms: { access: 'granted', purposes: ['research'] },
} as unknown as DatasetRecord;
const grant = {
  id: 'grnt_a' as GrantId,
  dataset: dataset.id,
  owner: alder,
  grantee: birch,
  state: 'issued',
  issuedBy: 'tx-issue',
  terms: {
    actions: ['use'],
    purposes: ['research'],
    versions: [],
    models: ['modl_a' as ModelId],
    executors: [alder, cedar],
    until: '2030-01-01T00:00:00Z',
  },
} as unknown as GrantRecord;
const use: Use = {
  action: 'use',
  dataset: dataset.id,
  version: 'vers_a' as VersionId,
  by: birch,
  purpose: 'research',
  grant: grant.id,
  model: 'modl_a' as ModelId,
  executor: cedar,
};
const issued: Partial<LedgerTransaction> = { creator: alder, function: 'grant:issue', validation: 'VALID' };

type World = {
  readonly grant?: Partial<Omit<GrantRecord, 'terms'>> & { readonly terms?: Partial<GrantRecord['terms']> };
  readonly dataset?: Partial<DatasetRecord>;
  readonly version?: Partial<VersionRecord>;
  readonly transaction?: Partial<LedgerTransaction> | undefined;
  readonly partition?: Partial<PartitionRecord>;
  readonly job?: Partial<JobRecord>;
  readonly now?: string;
};

function powersOf(world: World = {}): RightPowers {
  const answers: Record<string, unknown> = {
    'dataset:get': { ...dataset, ...world.dataset },
    'dataset:getVersion': { id: use.version, ...world.version },
    'grant:get': { grant: { ...grant, ...world.grant, terms: { ...grant.terms, ...world.grant?.terms } } },
    'partition:get': {
      job: 'job_a',
      index: 0,
      state: 'claimed',
      token: 2,
      claim: { token: 2, organization: cedar, transaction: 'tx-claim' },
      ...world.partition,
    },
    'job:get': { id: 'job_a', state: 'running', executors: [cedar], ...world.job },
  };
  const transaction = 'transaction' in world ? world.transaction : issued;
  return {
    organization: alder,
    ledger: { evaluate: async (name: string) => answers[name] } as unknown as RightPowers['ledger'],
    readModel: {
      transaction: () => transaction as LedgerTransaction | undefined,
      waitFor: async () => {},
    },
    ownHeight: async () => 10,
    clock: { now: () => new Date(world.now ?? '2026-11-22T12:00:00Z') },
  };
}

describe('the right to keys', () => {
  test('is there for what the grant covers', async () => {
    await expect(checkUse(powersOf(), use)).resolves.toBeUndefined();
  });

  test.each<[string, World, Partial<Use>, string]>([
    ['without a grant', {}, { grant: undefined }, 'GRANT_MISMATCH'],
    ['with a grant that was only asked for', { grant: { state: 'requested' } }, {}, 'GRANT_NOT_ISSUED'],
    ['with a revoked grant', { grant: { state: 'revoked' } }, {}, 'GRANT_REVOKED'],
    ['with a grant that our own clock calls expired', { now: '2030-01-01T00:00:00Z' }, {}, 'GRANT_EXPIRED'],
    ["with another organization's grant", { grant: { grantee: cedar } }, {}, 'GRANT_MISMATCH'],
    ['with a grant on another dataset', { grant: { dataset: 'dset_b' as DatasetId } }, {}, 'GRANT_MISMATCH'],
    ['to a version that is being erased', { version: { erasure: 'eras_a' as ErasureId } }, {}, 'ERASED'],
    ['for another purpose', {}, { purpose: 'marketing' }, 'PURPOSE_MISMATCH'],
    ['for another model', {}, { model: 'modl_b' as ModelId }, 'MODEL_NOT_GRANTED'],
    [
      'for a version that is not listed',
      { grant: { terms: { versions: ['vers_b' as VersionId] } } },
      {},
      'GRANT_MISMATCH',
    ],
    ['to read, where use was granted', {}, { action: 'read' }, 'ACTION_NOT_GRANTED'],
    ['on a node of an organization that is no executor', {}, { executor: birch }, 'EXECUTOR_NOT_ALLOWED'],
    ["on another's node, where none are named", { grant: { terms: { executors: [] } } }, {}, 'EXECUTOR_NOT_ALLOWED'],
    [
      'with a grant whose issue we did not sign',
      { transaction: { ...issued, creator: birch } },
      {},
      'GRANT_NOT_ISSUED',
    ],
    [
      'with a grant whose issue was invalid',
      { transaction: { ...issued, validation: 'MVCC_READ_CONFLICT' } },
      {},
      'GRANT_NOT_ISSUED',
    ],
    [
      'with a grant that another transaction wrote',
      { transaction: { ...issued, function: 'grant:request' } },
      {},
      'GRANT_NOT_ISSUED',
    ],
    ['with a grant whose issue we have never read', { transaction: undefined }, {}, 'GRANT_NOT_ISSUED'],
    [
      'on data that came of others, past the end that our own clock knows',
      { dataset: { terms: { ...dataset.terms, inherited: { until: '2026-01-01T00:00:00Z' } } } },
      {},
      'GRANT_EXPIRED',
    ],
    ["on somebody else's dataset", { dataset: { owner: cedar } }, {}, 'CALLER_NOT_OWNER'],
  ])('is not there %s', async (_what, world, change, code) => {
    await expect(checkUse(powersOf(world), { ...use, ...change })).rejects.toMatchObject({ code });
  });

  test('needs no grant on data for all members, nor for the owner itself', async () => {
    const members = { dataset: { terms: { access: 'members', purposes: [] } } as Partial<DatasetRecord> };
    await expect(checkUse(powersOf(members), { ...use, grant: undefined })).resolves.toBeUndefined();
    await expect(checkUse(powersOf(), { ...use, by: alder, grant: undefined })).resolves.toBeUndefined();
  });
});

describe('a claim', () => {
  const named = { job: 'job_a' as JobId, partition: 0, token: 2 };
  const claimed = { creator: cedar, function: 'partition:claim', validation: 'VALID' };

  test('stands while its token is current', async () => {
    await expect(checkClaim(powersOf({ transaction: claimed }), named)).resolves.toMatchObject({ claim: { token: 2 } });
  });

  test.each<[string, World, number, string]>([
    ['an older token', { transaction: claimed }, 1, 'FENCED'],
    ['a partition that is open again', { transaction: claimed, partition: { state: 'open' } }, 2, 'FENCED'],
    ['a job that was cancelled', { transaction: claimed, job: { state: 'cancelled' } }, 2, 'STATE_CONFLICT'],
    [
      'an organization that is no executor',
      { transaction: claimed, job: { executors: [alder] } },
      2,
      'EXECUTOR_NOT_ALLOWED',
    ],
    ['a claim that the executor did not sign', { transaction: { ...claimed, creator: birch } }, 2, 'GRANT_NOT_ISSUED'],
  ])('is refused for %s', async (_what, world, token, code) => {
    await expect(checkClaim(powersOf(world), { ...named, token })).rejects.toMatchObject({ code });
  });
});

test('a claim that has not reached our own peer yet may be asked for again', async () => {
  const named = { job: 'job_a' as JobId, partition: 0, token: 3 };
  await expect(checkClaim(powersOf(), named)).rejects.toMatchObject({ name: 'Fault', kind: 'unavailable' });
});

test('a claim in a block that we read only now stands', async () => {
  const claimed = { creator: cedar, function: 'partition:claim', validation: 'VALID' };
  const powers = powersOf({ transaction: claimed });
  let read = false;
  const catchingUp: RightPowers = {
    ...powers,
    readModel: {
      transaction: (id) => (read ? powers.readModel.transaction(id) : undefined),
      waitFor: async () => {
        read = true;
      },
    },
  };
  const named = { job: 'job_a' as JobId, partition: 0, token: 2 };
  await expect(checkClaim(catchingUp, named)).resolves.toMatchObject({ claim: { token: 2 } });
});

test('nothing is released while our reading is behind our own peer', async () => {
  const waited: number[] = [];
  const powers = powersOf();
  const behind: RightPowers = {
    ...powers,
    readModel: {
      ...powers.readModel,
      waitFor: async (block) => {
        waited.push(block);
        throw new Fault('timeout', 'not yet');
      },
    },
  };
  await expect(checkFresh(behind)).rejects.toMatchObject({ name: 'Fault', kind: 'unavailable' });
  expect(waited).toEqual([9]);
  await expect(
    checkFresh({ ...powers, ownHeight: () => Promise.reject(new Fault('timeout', 'frozen')) }),
  ).rejects.toThrow('frozen');
});
