import { describe, expect, test } from '@jest/globals';
import { type Submits, sha256 } from '../domain/index.ts';
import {
  agreementKeyOf,
  alder,
  birch,
  grant,
  idOf,
  job,
  jobBody,
  photos,
  photosV1,
  research,
  resultsV1,
  Story,
  versionBody,
  weightsV1,
} from '../testing/story.ts';

const erasure = idOf('eras', 'one');
const photosV2 = idOf('vers', 'photos 2');
type Asked = Submits['dataset:requestErasure']['body'];
const asked = (change: Partial<Asked> = {}): Asked => ({
  id: erasure,
  dataset: photos,
  versions: [photosV1],
  whole: false,
  reason: 'a person asked for it',
  derived: [],
  ...change,
});
const publishSecond = (story: Story) =>
  story.submit('dataset:publishVersion', { ...versionBody(photosV2, photos), parents: [photosV1] }, story.as(alder));

describe('a version that is to be erased', () => {
  test('is used by nobody from then on, its owner included, and its lineage stays', async () => {
    const story = await new Story().granted();
    const erased = await story.submit(
      'dataset:requestErasure',
      asked({ derived: [resultsV1] }),
      story.as(alder, 'admin'),
    );
    expect(erased).toMatchObject({ owner: alder, state: 'requested', derived: [resultsV1] });
    await expect(story.submit('job:request', jobBody(), story.as(birch))).rejects.toThrow('ERASED');
    const { grant: _, ...own } = jobBody({ id: idOf('job', 'own') });
    await expect(story.submit('job:request', own, story.as(alder))).rejects.toThrow('ERASED');
    const read = {
      id: idOf('accs', 'r'),
      version: photosV1,
      purpose: research,
      grant,
      ephemeralKey: agreementKeyOf('x'),
    };
    expect(await story.submit('access:record', read, story.as(birch))).toMatchObject({
      outcome: 'denied',
      refusal: 'ERASED',
    });
    const anyone = story.identity(birch, 'gateway');
    expect(await story.evaluate('dataset:getVersion', { id: photosV1 }, anyone)).toMatchObject({
      erasure,
      ...versionBody(photosV1, photos),
    });
    expect(await story.evaluate('dataset:getErasure', { id: erasure }, anyone)).toEqual(erased);
  });

  test('leaves the others of its dataset as they are, and the card', async () => {
    const story = await new Story().granted();
    await publishSecond(story);
    await story.submit('dataset:requestErasure', asked(), story.as(alder, 'admin'));
    const anyone = story.identity(birch, 'gateway');
    expect(await story.evaluate('dataset:get', { id: photos }, anyone)).toMatchObject({ state: 'active', erased: 1 });
    expect(await story.evaluate('dataset:getCard', { id: photos }, anyone)).toMatchObject({ dataset: photos });
    await story.submit('job:request', jobBody({ version: photosV2 }), story.as(birch));
  });

  test('is erased once', async () => {
    const story = await new Story().publications();
    await story.submit('dataset:requestErasure', asked(), story.as(alder, 'admin'));
    const again = story.submit('dataset:requestErasure', asked({ id: idOf('eras', 'two') }), story.as(alder, 'admin'));
    await expect(again).rejects.toThrow('ERASED');
  });

  const wrong: readonly [string, Partial<Asked>, string][] = [
    ['nothing', { versions: [] }, 'RECORD_INVALID'],
    ['a version of another dataset', { versions: [weightsV1] }, 'VERSION_NOT_FOUND'],
    ['a version that is not there', { versions: [idOf('vers', 'none')] }, 'VERSION_NOT_FOUND'],
    ['a version twice', { versions: [photosV1, photosV1] }, 'RECORD_INVALID'],
    ['a whole dataset without all of its versions', { versions: [], whole: true }, 'STATE_CONFLICT'],
  ];
  test.each(wrong)('may not be %s', async (_, change, code) => {
    const story = await new Story().publications();
    await expect(story.submit('dataset:requestErasure', asked(change), story.as(alder, 'admin'))).rejects.toThrow(code);
  });
});

describe('a job over data that is erased meanwhile', () => {
  test('gets no further claim and no attestation, and ends as revoked', async () => {
    const story = await new Story().requested();
    const claimed = await story.claim(0);
    await story.submit('dataset:requestErasure', asked(), story.as(alder, 'admin'));
    await expect(story.claim(1)).rejects.toThrow('ERASED');
    await expect(story.attest(claimed)).rejects.toThrow('ERASED');
    expect(await story.submit('job:finish', { id: job }, story.as(birch))).toMatchObject({ state: 'revoked' });
  });
});

describe('a whole dataset', () => {
  test('goes with every version that was left and its card, and takes no new version', async () => {
    const story = await new Story().publications();
    await publishSecond(story);
    await story.submit('dataset:requestErasure', asked(), story.as(alder, 'admin'));
    const whole = asked({ id: idOf('eras', 'whole'), versions: [photosV2], whole: true });
    await story.submit('dataset:requestErasure', whole, story.as(alder, 'admin'));
    const anyone = story.identity(birch, 'gateway');
    const dataset = await story.evaluate('dataset:get', { id: photos }, anyone);
    expect(dataset).toMatchObject({ state: 'retired', erasure: whole.id, erased: 2, versions: 2 });
    await expect(story.evaluate('dataset:getCard', { id: photos }, anyone)).rejects.toThrow('DATASET_NOT_FOUND');
    const next = { ...versionBody(idOf('vers', 'next'), photos), parents: [] };
    await expect(story.submit('dataset:publishVersion', next, story.as(alder))).rejects.toThrow('DATASET_RETIRED');
  });
});

describe('a dataset that is held', () => {
  test('is not erased, neither whole nor in part, until it is released', async () => {
    const story = await new Story().publications();
    const keeper = story.as(alder, 'compliance');
    await story.submit('dataset:hold', { dataset: photos, reason: 'proceedings' }, keeper);
    for (const whole of [true, false]) {
      const refused = story.submit('dataset:requestErasure', asked({ whole }), story.as(alder, 'admin'));
      await expect(refused).rejects.toThrow(
        `DATASET_HELD: dataset ${photos} is held and must be released first: proceedings`,
      );
    }
    await expect(story.submit('dataset:hold', { dataset: photos, reason: 'x' }, keeper)).rejects.toThrow(
      'STATE_CONFLICT',
    );
    await story.submit('dataset:release', { dataset: photos, reason: 'over' }, keeper);
    await expect(story.submit('dataset:release', { dataset: photos, reason: 'x' }, keeper)).rejects.toThrow(
      'STATE_CONFLICT',
    );
    await story.submit('dataset:requestErasure', asked(), story.as(alder, 'admin'));
  });
});

describe('the record of an erasure', () => {
  test('carries the certificate’s digest, is written once, and tells everyone', async () => {
    const story = await new Story().publications();
    await expect(
      story.submit('dataset:recordErasure', { id: erasure, certificate: sha256('c') }, story.as(alder)),
    ).rejects.toThrow('ERASURE_NOT_FOUND');
    await story.submit('dataset:requestErasure', asked(), story.as(alder, 'admin'));
    const done = await story.submit(
      'dataset:recordErasure',
      { id: erasure, certificate: sha256('c') },
      story.as(alder),
    );
    expect(done).toMatchObject({ state: 'erased', certificate: sha256('c') });
    expect(story.events.at(-1)).toEqual({ kind: 'dataset.erasure-recorded', erasure: done });
    const again = story.submit('dataset:recordErasure', { id: erasure, certificate: sha256('d') }, story.as(alder));
    await expect(again).rejects.toThrow('STATE_CONFLICT');
  });
});
