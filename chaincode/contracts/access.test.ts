import { describe, expect, test } from '@jest/globals';
import {
  agreementKeyOf,
  alder,
  birch,
  cedar,
  grant,
  grantTerms,
  idOf,
  marketing,
  photos,
  photosV1,
  research,
  Story,
  weightsV1,
} from '../testing/story.ts';

const bodyOf = (name: string, change: object = {}) => ({
  id: idOf('accs', name),
  version: photosV1,
  purpose: research,
  grant,
  ephemeralKey: agreementKeyOf(name),
  ...change,
});

describe('a read', () => {
  test('under a grant is recorded as allowed and takes one use and the rows', async () => {
    const story = await new Story().granted();
    const access = await story.submit('access:record', bodyOf('a'), story.as(birch));
    expect(access).toMatchObject({
      outcome: 'allowed',
      reader: birch,
      dataset: photos,
      grant,
      ephemeralKey: agreementKeyOf('a'),
    });
    expect(access).not.toHaveProperty('refusal');
    const { counter } = await story.evaluate('grant:get', { id: grant }, story.identity(birch, 'gateway'));
    expect(counter).toMatchObject({ rowsReserved: '25', usesReserved: 1 });
    expect(story.events.at(-1)).toEqual({ kind: 'access.allowed', access });
    expect(await story.evaluate('access:get', { id: access.id }, story.identity(alder, 'gateway'))).toEqual(access);
  });

  const denials: readonly [string, string, object][] = [
    ['PURPOSE_MISMATCH', 'for another purpose', { purpose: marketing }],
    ['GRANT_NOT_FOUND', 'with an unknown grant', { grant: idOf('grnt', 'other') }],
  ];
  test.each(denials)('is recorded as denied with %s %s, and takes nothing', async (refusal, _, change) => {
    const story = await new Story().granted();
    const access = await story.submit('access:record', bodyOf('a', change), story.as(birch));
    expect(access).toMatchObject({ outcome: 'denied', refusal });
    const { counter } = await story.evaluate('grant:get', { id: grant }, story.identity(birch, 'gateway'));
    expect(counter).toMatchObject({ rowsReserved: '0', usesReserved: 0 });
    expect(story.events.at(-1)).toEqual({ kind: 'access.denied', access });
  });

  test('is denied without a grant, to another grantee, after a revoke, past its end, without the action, and when used up', async () => {
    const story = await new Story().granted({ ...grantTerms, uses: 1, until: '2027-01-01T00:00:00Z' });
    const { grant: _, ...without } = bodyOf('none');
    const outcome = async (name: string, body: object, mspId = birch, atMs = story.nowMs) => {
      const access = await story.submit('access:record', { ...bodyOf(name), ...body }, { ...story.as(mspId), atMs });
      return access.refusal ?? access.outcome;
    };
    expect((await story.submit('access:record', without, story.as(birch))).refusal).toBe('GRANT_NOT_ISSUED');
    expect(await outcome('cedar', {}, cedar)).toBe('GRANT_MISMATCH');
    expect(await outcome('late', {}, birch, Date.UTC(2027, 0, 2))).toBe('GRANT_EXPIRED');
    expect(await outcome('first', {})).toBe('allowed');
    expect(await outcome('second', {})).toBe('GRANT_EXHAUSTED');
    const useOnly = idOf('grnt', 'use only');
    const terms = { ...grantTerms, actions: ['use'] as const };
    await story.submit('grant:issue', { id: useOnly, terms, dataset: photos, grantee: birch }, story.as(alder));
    expect(await outcome('use', { grant: useOnly })).toBe('ACTION_NOT_GRANTED');
    await story.submit('grant:revoke', { id: grant, reason: 'over' }, story.as(alder));
    expect(await outcome('revoked', {})).toBe('GRANT_REVOKED');
    await story.submit('dataset:retire', { dataset: photos, reason: 'old' }, story.as(alder));
    expect(await outcome('retired', {}, alder)).toBe('DATASET_RETIRED');
  });

  test('of own data and of data open to members needs a purpose only', async () => {
    const story = await new Story().granted();
    const { grant: _, ...own } = bodyOf('own');
    expect(await story.submit('access:record', own, story.as(alder))).toMatchObject({ outcome: 'allowed' });
    const open = { ...own, id: idOf('accs', 'open'), version: weightsV1 };
    expect(await story.submit('access:record', open, story.as(birch))).toMatchObject({ outcome: 'allowed' });
    const other = { ...open, id: idOf('accs', 'other'), purpose: 'dpv:Other' };
    expect(await story.submit('access:record', other, story.as(birch))).toMatchObject({ refusal: 'PURPOSE_MISMATCH' });
  });

  test('of what is not there is refused, and so is a second record under one id', async () => {
    const story = await new Story().granted();
    const gone = bodyOf('a', { version: idOf('vers', 'other') });
    await expect(story.submit('access:record', gone, story.as(birch))).rejects.toThrow('VERSION_NOT_FOUND');
    await story.submit('access:record', bodyOf('a'), story.as(birch));
    await expect(story.submit('access:record', bodyOf('a'), story.as(birch))).rejects.toThrow('RECORD_EXISTS');
  });
});
