import { describe, expect, test } from '@jest/globals';
import type { GrantTerms } from '../domain/index.ts';
import {
  alder,
  birch,
  cedar,
  grant,
  grantTerms,
  idOf,
  job,
  jobBody,
  marketing,
  model,
  photos,
  photosV1,
  research,
  resultsV1,
  Story,
  versionBody,
  weights,
} from '../testing/story.ts';

const request = (terms: GrantTerms = grantTerms) => ({ id: grant, dataset: photos, terms, note: 'for a paper' });

describe('a grant', () => {
  test('is requested by another organization, issued narrower by the owner, and revoked once', async () => {
    const story = await new Story().publications();
    const asked = await story.submit('grant:request', request(), story.as(birch));
    expect(asked).toMatchObject({ state: 'requested', owner: alder, grantee: birch });
    const terms = { ...grantTerms, rows: '10', executors: [alder] };
    const issued = await story.submit('grant:issue', { id: grant, terms }, story.as(alder));
    expect(issued).toMatchObject({
      state: 'issued',
      terms,
      epoch: 1,
      issuedBy: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const revoked = await story.submit('grant:revoke', { id: grant, reason: 'over' }, story.as(alder));
    expect(revoked).toMatchObject({ state: 'revoked', reason: 'over' });
    await expect(story.submit('grant:revoke', { id: grant, reason: 'again' }, story.as(alder))).rejects.toThrow(
      'STATE_CONFLICT',
    );
    await expect(story.submit('grant:issue', { id: grant, terms }, story.as(alder))).rejects.toThrow('STATE_CONFLICT');
  });

  test('revoked advances the key epoch of its dataset, and versions of the old one are refused', async () => {
    const story = await new Story().granted();
    await story.submit('grant:revoke', { id: grant, reason: 'over' }, story.as(alder));
    const dataset = await story.evaluate('dataset:get', { id: photos }, story.identity(alder, 'gateway'));
    expect(dataset.epoch).toBe(2);
    const stale = { ...versionBody(idOf('vers', 'photos 2'), photos), parents: [] };
    await expect(story.submit('dataset:publishVersion', stale, story.as(alder))).rejects.toThrow('STATE_CONFLICT');
    await story.submit('dataset:publishVersion', { ...stale, epoch: 2 }, story.as(alder));
  });

  test('refused stays refused', async () => {
    const story = await new Story().publications();
    await story.submit('grant:request', request(), story.as(birch));
    await story.submit('grant:refuse', { id: grant, reason: 'no' }, story.as(alder));
    await expect(story.submit('grant:issue', { id: grant, terms: grantTerms }, story.as(alder))).rejects.toThrow(
      'STATE_CONFLICT',
    );
    await expect(story.submit('job:request', jobBody(), story.as(birch))).rejects.toThrow('GRANT_NOT_ISSUED');
  });

  const wider: readonly [string, Partial<GrantTerms>][] = [
    ['actions', { actions: ['use', 'read', 'export'] }],
    ['purposes', { purposes: [research, marketing] }],
    ['rows', { rows: '1001' }],
    ['uses', { uses: 4 }],
    ['until', { until: '2027-01-01T00:00:01Z' }],
    ['versions', { versions: [] }],
  ];
  test.each(wider)('may not be issued with wider %s than was asked for', async (_, change) => {
    const story = await new Story().publications();
    const asked = { ...grantTerms, until: '2027-01-01T00:00:00Z', versions: [photosV1] };
    await story.submit('grant:request', request(asked), story.as(birch));
    const given = { id: grant, terms: { ...asked, ...change } };
    await expect(story.submit('grant:issue', given, story.as(alder))).rejects.toThrow('GRANT_MISMATCH');
    await story.submit('grant:issue', { id: grant, terms: asked }, story.as(alder));
  });

  test('names whose nodes may open the data as its owner decides, whatever was asked for', async () => {
    const story = await new Story().publications();
    await story.submit('grant:request', request({ ...grantTerms, executors: [] }), story.as(birch));
    const issued = await story.submit('grant:issue', { id: grant, terms: grantTerms }, story.as(alder));
    expect(issued.terms.executors).toEqual([alder, cedar]);
  });

  test.each(['until', 'rows', 'uses'] as const)(
    'may not be issued without the bound on %s that was asked for',
    async (bound) => {
      const story = await new Story().publications();
      const asked: GrantTerms = { ...grantTerms, until: '2027-01-01T00:00:00Z' };
      await story.submit('grant:request', request(asked), story.as(birch));
      const { [bound]: _, ...terms } = asked;
      await expect(story.submit('grant:issue', { id: grant, terms }, story.as(alder))).rejects.toThrow(
        'GRANT_MISMATCH',
      );
    },
  );

  test.each([
    ['a purpose outside the dataset terms', { purposes: ['dpv:Other'] }, 'PURPOSE_MISMATCH'],
    ['use without models', { models: [] }, 'RECORD_INVALID'],
    ['an unknown model', { models: [idOf('modl', 'other')] }, 'MODEL_NOT_FOUND'],
    ['an unknown version', { versions: [idOf('vers', 'other')] }, 'VERSION_NOT_FOUND'],
    ['an executor that has not registered', { executors: ['DoveMSP' as typeof alder] }, 'ORGANIZATION_NOT_FOUND'],
    ['an end in the past', { until: '2020-01-01T00:00:00Z' }, 'GRANT_EXPIRED'],
  ])('is not issued for %s', async (_, change, code) => {
    const story = await new Story().publications();
    const body = { id: grant, terms: { ...grantTerms, ...change }, dataset: photos, grantee: birch };
    await expect(story.submit('grant:issue', body, story.as(alder))).rejects.toThrow(code);
  });

  test("is not issued on another's version, for another dataset than was asked, or to its own owner", async () => {
    const story = await new Story().publications();
    await story.submit('grant:request', request(), story.as(birch));
    const issue = (body: object) =>
      story.submit('grant:issue', { id: grant, terms: grantTerms, ...body }, story.as(alder));
    await expect(issue({ dataset: weights })).rejects.toThrow('GRANT_MISMATCH');
    await expect(issue({ grantee: cedar })).rejects.toThrow('GRANT_MISMATCH');
    const other = idOf('grnt', 'other');
    await expect(issue({ id: other })).rejects.toThrow('GRANT_NOT_FOUND');
    await expect(issue({ id: other, dataset: photos, grantee: alder })).rejects.toThrow('GRANT_MISMATCH');
    await expect(story.submit('grant:request', { ...request(), id: other }, story.as(alder))).rejects.toThrow(
      'GRANT_MISMATCH',
    );
  });
});

describe('a grant that cannot be', () => {
  test('is refused without a grantee, on a retired dataset, and twice', async () => {
    const story = await new Story().publications();
    const nobody = { id: grant, terms: grantTerms, dataset: photos };
    await expect(story.submit('grant:issue', nobody, story.as(alder))).rejects.toThrow('GRANT_NOT_FOUND');
    await story.submit('grant:issue', { ...nobody, grantee: birch }, story.as(alder));
    await expect(story.submit('grant:refuse', { id: grant, reason: 'x' }, story.as(alder))).rejects.toThrow(
      'STATE_CONFLICT',
    );
    await story.submit('dataset:retire', { dataset: photos, reason: 'old' }, story.as(alder));
    const other = { ...nobody, id: idOf('grnt', 'other'), grantee: cedar };
    await expect(story.submit('grant:issue', other, story.as(alder))).rejects.toThrow('DATASET_RETIRED');
  });
});

describe('a dry run', () => {
  test('says what a request would say, and changes nothing', async () => {
    const story = await new Story().granted();
    const ask = { version: photosV1, grant, purpose: research, action: 'use', model } as const;
    const asBirch = story.identity(birch, 'data-team');
    expect(await story.evaluate('grant:check', ask, asBirch)).toEqual({ allowed: true });
    const check = async (change: object, as = asBirch) => story.evaluate('grant:check', { ...ask, ...change }, as);
    expect(await check({ purpose: marketing })).toMatchObject({ allowed: false, code: 'PURPOSE_MISMATCH' });
    expect(await check({ rows: 1001 })).toMatchObject({ code: 'GRANT_EXHAUSTED' });
    expect(await check({ model: idOf('modl', 'other') })).toMatchObject({ code: 'MODEL_NOT_GRANTED' });
    expect(await check({ grant: idOf('grnt', 'other') })).toMatchObject({ code: 'GRANT_NOT_FOUND' });
    expect(await check({}, story.identity(cedar, 'gateway'))).toMatchObject({ code: 'GRANT_MISMATCH' });
  });
});

describe('results of a job under a grant', () => {
  const withResults = async (terms: GrantTerms) => {
    const story = await new Story().requested({}, terms);
    for (const index of [0, 1]) await story.attest(await story.claim(index));
    await story.finish();
    return story;
  };
  const onResults = idOf('grnt', 'on results');
  const pass = (story: Story, change: Partial<GrantTerms> = {}) => {
    const terms = { ...grantTerms, actions: ['read'] as const, executors: [alder], ...change };
    const dataset = idOf('dset', 'results');
    return story.submit('grant:issue', { id: onResults, terms, dataset, grantee: cedar }, story.as(birch));
  };

  test('are the requester’s, under the intersection of the rights on data and model', async () => {
    const story = await withResults({ ...grantTerms, until: '2027-01-01T00:00:00Z' });
    const dataset = await story.evaluate(
      'dataset:get',
      { id: idOf('dset', 'results') },
      story.identity(birch, 'gateway'),
    );
    expect(dataset).toMatchObject({
      owner: birch,
      modality: 'results',
      terms: {
        access: 'granted',
        purposes: [research],
        inherited: { actions: ['use', 'read'], executors: [alder, cedar], until: '2027-01-01T00:00:00Z' },
      },
    });
    const version = await story.evaluate('dataset:getVersion', { id: resultsV1 }, story.identity(birch, 'gateway'));
    expect(version.origin).toEqual({ parents: [photosV1], job, model: `${model}:1` });
  });

  test('may not be passed on unless the grant said delegate, and then no further than it went', async () => {
    await expect(pass(await withResults(grantTerms))).rejects.toThrow('ACTION_NOT_GRANTED');
    const story = await withResults({ ...grantTerms, actions: ['use', 'read', 'delegate'] });
    await expect(pass(story, { actions: ['export'] })).rejects.toThrow('ACTION_NOT_GRANTED');
    await expect(pass(story, { executors: [birch] })).rejects.toThrow('EXECUTOR_NOT_ALLOWED');
    await expect(pass(story, { purposes: [marketing] })).rejects.toThrow('PURPOSE_MISMATCH');
    expect(await pass(story)).toMatchObject({ state: 'issued', owner: birch });
  });

  test('are used on under the purposes and executors that came with them', async () => {
    const story = await withResults(grantTerms);
    const { grant: _, ...own } = jobBody({
      id: idOf('job', 'second'),
      version: resultsV1,
      partitionSegments: [3],
      outputDataset: idOf('dset', 'second'),
      outputVersion: idOf('vers', 'second'),
    });
    const ask = (change: object) => story.submit('job:request', { ...own, ...change }, story.as(birch));
    await expect(ask({ purpose: marketing })).rejects.toThrow('PURPOSE_MISMATCH');
    await expect(ask({ executors: [birch] })).rejects.toThrow('EXECUTOR_NOT_ALLOWED');
    expect(await ask({})).toMatchObject({ executors: [alder, cedar] });
  });

  test('narrow a dataset that is published from them', async () => {
    const story = await withResults(grantTerms);
    const wide = idOf('dset', 'wide');
    await story.registerDataset(wide, birch, { terms: { access: 'members', purposes: [research, marketing] } });
    const body = { ...versionBody(idOf('vers', 'wide 1'), wide), parents: [resultsV1] };
    await story.submit('dataset:publishVersion', body, story.as(birch));
    const other = idOf('dset', 'other');
    await story.registerDataset(other, birch, { terms: { access: 'granted', purposes: [marketing] } });
    const disjoint = { ...versionBody(idOf('vers', 'other 1'), other), parents: [resultsV1] };
    await expect(story.submit('dataset:publishVersion', disjoint, story.as(birch))).rejects.toThrow('PURPOSE_MISMATCH');
    const dataset = await story.evaluate('dataset:get', { id: wide }, story.identity(birch, 'gateway'));
    expect(dataset.terms).toMatchObject({
      access: 'granted',
      purposes: [research],
      inherited: { executors: [alder, cedar] },
    });
  });
});
