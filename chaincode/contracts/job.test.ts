import { describe, expect, test } from '@jest/globals';
import { cardCommitment, sha256 } from '../domain/index.ts';
import {
  agreementKeyOf,
  alder,
  alderNode,
  birch,
  cardOf,
  cedar,
  cedarNode,
  grant,
  grantTerms,
  idOf,
  job,
  jobBody,
  marketing,
  model,
  photos,
  photosV1,
  results,
  resultsV1,
  Story,
  versionBody,
  weights,
  withCard,
} from '../testing/story.ts';

const counterOf = async (story: Story) => {
  const { counter } = await story.evaluate('grant:get', { id: grant }, story.identity(alder, 'gateway'));
  return [counter.rowsReserved, counter.usesReserved];
};
const partitionOf = (story: Story, index: number) =>
  story.evaluate('partition:get', { job, index }, story.identity(alder, 'gateway'));

describe('a job', () => {
  test('is admitted with its partitions and takes its rows and one use', async () => {
    const story = await new Story().requested();
    expect(await counterOf(story)).toEqual(['25', 1]);
    const partitions = await story.evaluate('partition:list', { job }, story.identity(birch, 'gateway'));
    expect(partitions).toMatchObject([
      { index: 0, firstSegment: 0, segments: 2, firstRow: 0, rows: 20, state: 'open', attempts: 0, token: 0 },
      { index: 1, firstSegment: 2, segments: 1, firstRow: 20, rows: 5, state: 'open' },
    ]);
    expect(story.events.at(-1)).toMatchObject({ kind: 'job.requested', job: { state: 'queued' }, partitions });
  });

  test.each([
    ['for a purpose outside the grant', { purpose: marketing }, 'PURPOSE_MISMATCH'],
    ['with an unknown grant', { grant: idOf('grnt', 'other') }, 'GRANT_NOT_FOUND'],
    ['on an unknown version', { version: idOf('vers', 'other') }, 'VERSION_NOT_FOUND'],
    ['with an unknown model', { model: idOf('modl', 'other') }, 'MODEL_NOT_FOUND'],
    ['with an unknown model version', { modelNumber: 2 }, 'MODEL_NOT_FOUND'],
    ['with another digest of the model', { modelDigest: sha256('other') }, 'MODEL_DIGEST_MISMATCH'],
    ['with an executor outside the grant', { executors: [birch] }, 'EXECUTOR_NOT_ALLOWED'],
    ['with partitions that do not cover the version', { partitionSegments: [2] }, 'RECORD_INVALID'],
    ['with an output that exists', { outputDataset: photos }, 'RECORD_EXISTS'],
    ['with an output version that exists', { outputVersion: photosV1 }, 'RECORD_EXISTS'],
  ])('is refused %s', async (_, change, code) => {
    const story = await new Story().granted();
    await expect(story.submit('job:request', jobBody(change), story.as(birch))).rejects.toThrow(code);
    expect(await counterOf(story)).toEqual(['0', 0]);
  });

  test.each([
    ['without the action use', { actions: ['read'] as const }, 'ACTION_NOT_GRANTED'],
    ['for another version', { versions: [idOf('vers', 'photos 2')] }, 'GRANT_MISMATCH'],
    ['of too few rows', { rows: '24' }, 'GRANT_EXHAUSTED'],
    ['for other models', { models: [idOf('modl', 'second')] }, 'MODEL_NOT_GRANTED'],
  ])('is refused under a grant %s', async (_, change, code) => {
    const story = await new Story().publications();
    const second = { ...versionBody(idOf('vers', 'photos 2'), photos), parents: [] };
    await story.submit('dataset:publishVersion', second, story.as(alder));
    const other = {
      id: idOf('modl', 'second'),
      dataset: weights,
      name: 'second',
      task: 'text-embedding',
      approvalsNeeded: 1,
    } as const;
    await story.submit('model:register', other, story.as(cedar));
    const terms = { ...grantTerms, ...change };
    await story.submit('grant:issue', { id: grant, terms, dataset: photos, grantee: birch }, story.as(alder));
    await expect(story.submit('job:request', jobBody(), story.as(birch))).rejects.toThrow(code);
  });

  test('is refused once the grant has ended, been used up, been revoked, or when there is none', async () => {
    const story = await new Story().granted({ ...grantTerms, until: '2027-01-01T00:00:00Z', uses: 1 });
    const ask = (change: object, atMs = story.nowMs) =>
      story.submit('job:request', jobBody(change), { ...story.as(birch), atMs });
    await expect(ask({}, Date.UTC(2027, 0, 1, 0, 0, 0, 1))).rejects.toThrow('GRANT_EXPIRED');
    await ask({}, Date.UTC(2027, 0, 1));
    const second = { id: idOf('job', 'second'), outputDataset: idOf('dset', 's'), outputVersion: idOf('vers', 's') };
    await expect(ask(second)).rejects.toThrow('GRANT_EXHAUSTED');
    await story.submit('grant:revoke', { id: grant, reason: 'over' }, story.as(alder));
    await expect(ask(second)).rejects.toThrow('GRANT_REVOKED');
    const { grant: _, ...without } = jobBody(second);
    await expect(story.submit('job:request', without, story.as(birch))).rejects.toThrow('GRANT_NOT_ISSUED');
  });

  test('is refused to whom the grant does not name, and on a retired dataset', async () => {
    const story = await new Story().granted();
    await expect(story.submit('job:request', jobBody(), story.as(cedar))).rejects.toThrow('GRANT_MISMATCH');
    await story.submit('dataset:retire', { dataset: photos, reason: 'old' }, story.as(alder));
    await expect(story.submit('job:request', jobBody(), story.as(birch))).rejects.toThrow('DATASET_RETIRED');
  });

  test('is refused with a model that is revoked or lacks approvals', async () => {
    const story = await new Story().granted();
    await story.submit('model:revoke', { model, number: 1, reason: 'bad' }, story.as(cedar));
    await expect(story.submit('job:request', jobBody(), story.as(birch))).rejects.toThrow('MODEL_REVOKED');
    const strict = idOf('modl', 'strict');
    const named = { id: strict, dataset: weights, name: 'strict', task: 'text-embedding', approvalsNeeded: 2 } as const;
    await story.submit('model:register', named, story.as(cedar));
    const version = {
      model: strict,
      version: idOf('vers', 'weights 1'),
      digest: sha256('onnx'),
      cardDigest: sha256('c'),
    };
    await story.submit('model:publishVersion', version, story.as(cedar));
    const terms = { ...grantTerms, models: [strict] };
    const second = idOf('grnt', 'second');
    await story.submit('grant:issue', { id: second, terms, dataset: photos, grantee: birch }, story.as(alder));
    const ask = () => story.submit('job:request', jobBody({ model: strict, grant: second }), story.as(birch));
    await expect(ask()).rejects.toThrow('MODEL_NOT_APPROVED');
    await expect(story.submit('model:approve', { model: strict, number: 1 }, story.as(cedar))).rejects.toThrow(
      'STATE_CONFLICT',
    );
    await story.submit('model:approve', { model: strict, number: 1 }, story.as(alder));
    expect(await ask()).toMatchObject({ state: 'queued' });
  });

  test('of an owner needs no grant but a purpose of the terms, and names whose nodes may open its data', async () => {
    const story = await new Story().publications();
    const { grant: _, ...own } = jobBody();
    const ask = (change: object) => story.submit('job:request', { ...own, ...change }, story.as(alder));
    await expect(ask({ purpose: 'dpv:Other' })).rejects.toThrow('PURPOSE_MISMATCH');
    await expect(ask({ executors: ['DoveMSP'] })).rejects.toThrow('ORGANIZATION_NOT_FOUND');
    expect(await ask({ executors: [cedar, alder] })).toMatchObject({ executors: [alder, cedar] });
  });

  test('without executors in the grant may run at the owner only', async () => {
    const story = await new Story().granted({ ...grantTerms, executors: [] });
    expect(await story.submit('job:request', jobBody(), story.as(birch))).toMatchObject({ executors: [alder] });
    await expect(story.claim(0, cedar)).rejects.toThrow('EXECUTOR_NOT_ALLOWED');
  });

  test("with another's granted model takes from that grant too", async () => {
    const story = await new Story().granted();
    const closed = idOf('dset', 'closed weights');
    const terms = { access: 'granted', purposes: [grantTerms.purposes[0] as string] } as const;
    await story.registerDataset(closed, cedar, { modality: 'model', terms });
    const closedV1 = idOf('vers', 'closed weights 1');
    await story.submit(
      'dataset:publishVersion',
      { ...versionBody(closedV1, closed, [1]), parents: [] },
      story.as(cedar),
    );
    const second = idOf('modl', 'closed');
    const named = { id: second, dataset: closed, name: 'closed', task: 'text-embedding', approvalsNeeded: 1 } as const;
    await story.submit('model:register', named, story.as(cedar));
    const version = { model: second, version: closedV1, digest: sha256('onnx'), cardDigest: sha256('card') };
    await story.submit('model:publishVersion', version, story.as(cedar));
    const [onData, onModel] = [idOf('grnt', 'on data'), idOf('grnt', 'on model')];
    const dataTerms = { ...grantTerms, models: [second] };
    await story.submit(
      'grant:issue',
      { id: onData, terms: dataTerms, dataset: photos, grantee: birch },
      story.as(alder),
    );
    const modelTerms = { ...grantTerms, models: [], executors: [cedar], rows: '30' };
    await story.submit(
      'grant:issue',
      { id: onModel, terms: modelTerms, dataset: closed, grantee: birch },
      story.as(cedar),
    );
    const body = jobBody({ model: second, grant: onData });
    await expect(story.submit('job:request', body, story.as(birch))).rejects.toThrow('GRANT_NOT_ISSUED');
    const admitted = await story.submit('job:request', { ...body, modelGrant: onModel }, story.as(birch));
    expect(admitted.executors).toEqual([cedar]);
    const { counter } = await story.evaluate('grant:get', { id: onModel }, story.identity(cedar, 'gateway'));
    expect(counter).toMatchObject({ rowsReserved: '25', usesReserved: 1 });
    const elsewhere = idOf('grnt', 'elsewhere');
    const birchOnly = { ...grantTerms, models: [second], executors: [alder] };
    await story.submit(
      'grant:issue',
      { id: elsewhere, terms: birchOnly, dataset: photos, grantee: birch },
      story.as(alder),
    );
    const apart = {
      id: idOf('job', 'apart'),
      outputDataset: idOf('dset', 'apart'),
      outputVersion: idOf('vers', 'apart'),
    };
    const nowhere = { ...body, ...apart, grant: elsewhere, modelGrant: idOf('grnt', 'on model 2') };
    await story.submit(
      'grant:issue',
      { id: nowhere.modelGrant, terms: modelTerms, dataset: closed, grantee: birch },
      story.as(cedar),
    );
    await expect(story.submit('job:request', nowhere, story.as(birch))).rejects.toThrow('EXECUTOR_NOT_ALLOWED');
    const onSelf = idOf('grnt', 'on self');
    const both = { ...grantTerms, models: [second], executors: [cedar] };
    await story.submit('grant:issue', { id: onSelf, terms: both, dataset: closed, grantee: birch }, story.as(cedar));
    const self = { ...body, ...apart, version: closedV1, partitionSegments: [1], grant: onSelf, modelGrant: onSelf };
    await expect(story.submit('job:request', self, story.as(birch))).rejects.toThrow('GRANT_MISMATCH');
    await story.submit('grant:revoke', { id: onModel, reason: 'over' }, story.as(cedar));
    await expect(story.claim(0, cedar)).rejects.toThrow('GRANT_REVOKED');
  });
});

describe('a job of own data', () => {
  const mine = idOf('dset', 'mine');
  const mineV1 = idOf('vers', 'mine 1');
  const withOwnData = async () => {
    const story = await new Story().granted();
    await story.registerDataset(mine, birch);
    await story.submit('dataset:publishVersion', { ...versionBody(mineV1, mine), parents: [] }, story.as(birch));
    return story;
  };

  test('gives nothing back to a grant that it named without need', async () => {
    const story = await withOwnData();
    const read = { id: idOf('accs', 'a'), version: photosV1, purpose: grantTerms.purposes[0] as string, grant };
    await story.submit('access:record', { ...read, ephemeralKey: agreementKeyOf('a') }, story.as(birch));
    expect(await counterOf(story)).toEqual(['25', 1]);
    const asked = await story.submit(
      'job:request',
      jobBody({ version: mineV1, modelGrant: grant, executors: [cedar] }),
      story.as(birch),
    );
    expect(asked).not.toHaveProperty('grant');
    expect(asked).not.toHaveProperty('modelGrant');
    await story.submit('job:cancel', { id: job, reason: 'x' }, story.as(birch));
    expect(await counterOf(story)).toEqual(['25', 1]);
  });
});

describe('a job of very many rows', () => {
  test('is refused where a partition would have more batches than peers will plan', async () => {
    const story = await new Story().publications();
    const huge = idOf('dset', 'huge');
    const hugeV1 = idOf('vers', 'huge 1');
    await story.registerDataset(huge, birch);
    const version = { ...versionBody(hugeV1, huge, [Number.MAX_SAFE_INTEGER]), parents: [] };
    await story.submit('dataset:publishVersion', version, story.as(birch));
    const { grant: _, ...body } = jobBody({
      version: hugeV1,
      partitionSegments: [1],
      executors: [cedar],
      batchRows: 1,
    });
    await expect(story.submit('job:request', body, story.as(birch))).rejects.toThrow('RECORD_INVALID: partition 0 has');
  });
});

describe('the output of a job', () => {
  test('cannot be taken by anyone else while the job runs', async () => {
    const story = await new Story().requested();
    await expect(story.registerDataset(results, cedar)).rejects.toThrow('RECORD_EXISTS');
    const version = { ...versionBody(resultsV1, photos), parents: [] };
    await expect(story.submit('dataset:publishVersion', version, story.as(alder))).rejects.toThrow('RECORD_EXISTS');
    const second = { id: idOf('job', 'second') };
    await expect(story.submit('job:request', jobBody(second), story.as(birch))).rejects.toThrow('RECORD_EXISTS');
    for (const index of [0, 1]) await story.attest(await story.claim(index));
    expect(await story.finish()).toMatchObject({ state: 'succeeded' });
  });
});

describe('the end of a job', () => {
  const output = versionBody(resultsV1, results);
  const finish = (story: Story, body: object = { output, cardCommitment: cardCommitment(cardOf(results)) }) =>
    story.submit('job:finish', { id: job, ...body }, { ...story.as(birch), ...withCard(results) });
  const spend = async (story: Story, index: number) => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const { token } = await story.claim(index);
      await story.submit('partition:reassign', { job, index, token, reason: 'silent' }, story.as(birch));
    }
  };

  test('waits for its partitions', async () => {
    const story = await new Story().requested();
    await story.attest(await story.claim(0));
    await expect(finish(story)).rejects.toThrow('STATE_CONFLICT');
    await story.attest(await story.claim(1, cedar));
    expect(await finish(story)).toMatchObject({ state: 'succeeded' });
    await expect(finish(story)).rejects.toThrow('STATE_CONFLICT');
    expect(story.events.slice(-3).map(({ kind }) => kind)).toEqual([
      'job.finished',
      'dataset.registered',
      'dataset.version-published',
    ]);
  });

  test('is partial where some failed, with the rows that were accepted', async () => {
    const story = await new Story().requested();
    await story.attest(await story.claim(0));
    await spend(story, 1);
    expect(await partitionOf(story, 1)).toMatchObject({ state: 'failed', attempts: 3, reason: 'silent' });
    await expect(finish(story)).rejects.toThrow('20 rows were accepted');
    const fitting = {
      output: versionBody(resultsV1, results, [10, 10]),
      cardCommitment: cardCommitment(cardOf(results)),
    };
    expect(await finish(story, fitting)).toMatchObject({ state: 'partial' });
  });

  test('is failed where all did, without an output', async () => {
    const story = await new Story().requested();
    await spend(story, 0);
    await spend(story, 1);
    await expect(finish(story)).rejects.toThrow('STATE_CONFLICT');
    expect(await finish(story, {})).toMatchObject({ state: 'failed' });
  });

  test.each([
    ['no output', {}],
    ['no card', { output }],
    [
      'another version',
      { output: { ...output, id: idOf('vers', 'other') }, cardCommitment: cardCommitment(cardOf(results)) },
    ],
    ['another dataset', { output: { ...output, dataset: photos }, cardCommitment: cardCommitment(cardOf(results)) }],
    ['another key epoch', { output: { ...output, epoch: 2 }, cardCommitment: cardCommitment(cardOf(results)) }],
    ['another card', { output, cardCommitment: sha256('other') }],
    [
      'segments that do not add up',
      { output: { ...output, segmentRows: [1] }, cardCommitment: cardCommitment(cardOf(results)) },
    ],
  ])('is refused with %s', async (_, body) => {
    const story = await new Story().requested();
    for (const index of [0, 1]) await story.attest(await story.claim(index));
    await expect(finish(story, body)).rejects.toThrow('RECORD_INVALID');
  });

  test('by cancelling gives back what no node ever claimed', async () => {
    const story = await new Story().requested();
    await story.claim(0);
    await story.submit('job:cancel', { id: job, reason: 'no need' }, story.as(birch));
    expect(await counterOf(story)).toEqual(['20', 1]);
    await expect(story.claim(1)).rejects.toThrow('STATE_CONFLICT');
    const open = await story.evaluate('partition:listOpen', { node: cedarNode }, story.identity(cedar, 'compute-node'));
    expect(open).toEqual([]);
  });

  test('by cancelling before any claim gives everything back', async () => {
    const story = await new Story().requested();
    await story.submit('job:cancel', { id: job, reason: 'no need' }, story.as(birch));
    expect(await counterOf(story)).toEqual(['0', 0]);
    await expect(story.submit('job:cancel', { id: job, reason: 'no need' }, story.as(birch))).rejects.toThrow(
      'STATE_CONFLICT',
    );
  });

  test.each([
    ['grant', 'GRANT_REVOKED'],
    ['model', 'MODEL_REVOKED'],
  ] as const)('by a revoked %s stops claims and attestations, and the job ends as revoked', async (what, code) => {
    const story = await new Story().requested();
    const claimed = await story.claim(0);
    if (what === 'grant') await story.submit('grant:revoke', { id: grant, reason: 'over' }, story.as(alder));
    else await story.submit('model:revoke', { model, number: 1, reason: 'bad' }, story.as(cedar));
    await expect(story.claim(1)).rejects.toThrow(code);
    await expect(story.attest(claimed)).rejects.toThrow(code);
    const open = await story.evaluate('partition:listOpen', { node: alderNode }, story.identity(alder, 'compute-node'));
    expect(open).toEqual([]);
    await expect(finish(story)).rejects.toThrow('STATE_CONFLICT');
    expect(await finish(story, {})).toMatchObject({ state: 'revoked' });
    expect(await counterOf(story)).toEqual(['20', 1]);
  });

  test('after a late revoke still registers the results that were accepted before it', async () => {
    const story = await new Story().requested();
    for (const index of [0, 1]) await story.attest(await story.claim(index));
    await story.submit('grant:revoke', { id: grant, reason: 'over' }, story.as(alder));
    expect(await finish(story)).toMatchObject({ state: 'succeeded' });
  });
});
