import {
  type AccessRecord,
  type DatasetRecord,
  type JobRecord,
  type MspId,
  type PartitionRecord,
  Refusal,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import type { GatewayLedger } from '../ledger.ts';
import type { BlockRight } from './block-right.ts';
import { type BlockOperation, rightDecider } from './decide-block-right.ts';

const [alder, birch, cedar] = ['AlderMSP', 'BirchMSP', 'CedarMSP'] as MspId[] as [MspId, MspId, MspId];
const records: Record<string, unknown> = {
  'dataset:get dset_a': { owner: alder, state: 'active' } as DatasetRecord,
  'dataset:getVersion vers_a': { id: 'vers_a', owner: alder } as VersionRecord,
  'partition:get 0': { state: 'claimed', claim: { token: 3, organization: cedar } } as PartitionRecord,
  'partition:get 1': { state: 'accepted', claim: { token: 3, organization: cedar } } as PartitionRecord,
  'job:get job_a': {
    requester: birch,
    datasetOwner: alder,
    version: 'vers_a',
    modelVersion: 'vers_m',
    outputVersion: 'vers_o',
    state: 'running',
  } as JobRecord,
  'access:get accs_a': { outcome: 'allowed', reader: birch, version: 'vers_a' } as AccessRecord,
  'access:get accs_d': { outcome: 'denied', reader: birch, version: 'vers_a' } as AccessRecord,
};

let asked = 0;
const ledger = {
  evaluate: async (name: string, body: { id?: string; index?: number }) => {
    asked++;
    const found = records[`${name} ${body.id ?? body.index}`];
    if (found === undefined) throw new Refusal('VERSION_NOT_FOUND', 'no');
    return found;
  },
} as unknown as Pick<GatewayLedger, 'evaluate'>;

const right = (text: string) => {
  const [kind, first, second, third] = text.split(' ');
  return {
    kind,
    dataset: first,
    job: first,
    access: first,
    version: kind === 'own' ? first : second,
    partition: Number(second),
    token: Number(third),
  } as unknown as BlockRight;
};
const decide = (now = () => 0) => rightDecider(ledger, { keepMs: 1_000, elapsed: now });

describe('a right on blocks', () => {
  test.each<[string, MspId, string, BlockOperation, readonly string[] | undefined]>([
    ['the owner puts what it publishes', alder, 'publish dset_a vers_new', 'put', ['vers_new']],
    ['and reads it back before it is published', alder, 'publish dset_a vers_new', 'get', ['vers_new']],
    ['and removes it when it gives up', alder, 'publish dset_a vers_new', 'remove', ['vers_new']],
    ['nobody adds to a published version', alder, 'publish dset_a vers_a', 'put', undefined],
    ['or removes it', alder, 'publish dset_a vers_a', 'remove', undefined],
    ["nobody publishes in another's dataset", birch, 'publish dset_a vers_new', 'put', undefined],
    [
      'the claimant reads inputs and model, and its own output',
      cedar,
      'claim job_a 0 3',
      'get',
      ['vers_a', 'vers_m', 'vers_o'],
    ],
    ['and puts output only', cedar, 'claim job_a 0 3', 'put', ['vers_o']],
    ['and removes nothing', cedar, 'claim job_a 0 3', 'remove', undefined],
    ['an older token reads nothing', cedar, 'claim job_a 0 2', 'get', undefined],
    ['an accepted partition reads nothing', cedar, 'claim job_a 1 3', 'get', undefined],
    ['another organization has nothing of a claim', birch, 'claim job_a 0 3', 'get', undefined],
    ['the requester puts its output while the job runs', birch, 'job job_a', 'put', ['vers_o']],
    ['nobody else does', cedar, 'job job_a', 'put', undefined],
    ['the reader reads what it was allowed', birch, 'access accs_a', 'get', ['vers_a']],
    ['not what it was denied', birch, 'access accs_d', 'get', undefined],
    ["not with another's access", cedar, 'access accs_a', 'get', undefined],
    ['and puts nothing', birch, 'access accs_a', 'put', undefined],
    ['the owner reads its own', alder, 'own vers_a', 'get', ['vers_a']],
    ['puts back what was lost of it', alder, 'own vers_a', 'put', ['vers_a']],
    ['and removes what lies elsewhere now', alder, 'own vers_a', 'remove', ['vers_a']],
    ['nobody else calls it own', birch, 'own vers_a', 'get', undefined],
    ['or puts into it', birch, 'own vers_a', 'put', undefined],
    ['or removes of it', birch, 'own vers_a', 'remove', undefined],
    ['what is not there is like what is forbidden', alder, 'own vers_x', 'get', undefined],
  ])('%s', async (_what, who, text, operation, versions) => {
    expect((await decide()(who, right(text), operation))?.versions).toEqual(versions);
  });

  test('is decided once for many blocks, and again after its time', async () => {
    let now = 0;
    const decider = decide(() => now);
    asked = 0;
    for (let block = 0; block < 100; block++) await decider(alder, right('own vers_a'), 'get');
    expect(asked).toBe(1);
    now = 1_001;
    await decider(alder, right('own vers_a'), 'get');
    expect(asked).toBe(2);
  });

  test('is not remembered when the peer failed', async () => {
    let fails = true;
    const flaky = {
      evaluate: async (...call: Parameters<typeof ledger.evaluate>) => {
        if (fails) throw new Fault('unavailable', 'away');
        return ledger.evaluate(...call);
      },
    } as typeof ledger;
    const decider = rightDecider(flaky, { keepMs: 1_000 });
    await expect(decider(alder, right('own vers_a'), 'get')).rejects.toThrow('away');
    fails = false;
    expect(await decider(alder, right('own vers_a'), 'get')).toBeDefined();
  });
});
