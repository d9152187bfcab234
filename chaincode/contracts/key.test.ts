import { beforeEach, expect, test } from '@jest/globals';
import { canonicalBytes, implicitCollection, keptName, keys } from '../domain/index.ts';
import { agreementKeyOf, alder, birch, photos, photosV1, Story } from '../testing/story.ts';

let story: Story;
beforeEach(async () => {
  story = await new Story().members();
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const entry = (name: string, text: string) => ({ name, value: base64(text) });
const keep = (entries: readonly object[], mspId = alder) =>
  story.submit('key:keep', {}, { ...story.as(mspId), transient: { entries: canonicalBytes(entries) } });
const list = (mspId = alder, after?: string) =>
  story.evaluate('key:list', after === undefined ? {} : { after }, story.identity(mspId, 'gateway'));
const version = keptName.version(photosV1);
const dataset = keptName.dataset(photos, 1);

test('keeps ciphertext for its owner alone, in the order of names, and the newest of a name', async () => {
  await keep([entry(version, 'first'), entry(dataset, 'key')]);
  await keep([entry(version, 'second')]);
  expect(await list()).toEqual({ entries: [entry(dataset, 'key'), entry(version, 'second')], more: false });
  expect(await list(alder, dataset)).toEqual({ entries: [entry(version, 'second')], more: false });
  expect(await list(birch)).toEqual({ entries: [], more: false });
  const get = (mspId: string) => story.evaluate('key:get', { name: dataset }, story.identity(mspId, 'gateway'));
  expect(await get(alder)).toEqual({ value: base64('key') });
  expect(await get(birch)).toEqual({});
});

test('writes no public state and tells of nothing, so that the own peer alone endorses it', async () => {
  const before = story.state.keys();
  const proposal = story.proposal(
    'key:keep',
    {},
    {
      ...story.as(alder),
      transient: { entries: canonicalBytes([entry(version, 'x')]) },
    },
  );
  const { set, status } = await story.simulate(proposal);
  expect(status).toBe(200);
  expect({ reads: set.reads.size, writes: set.writes.size, policies: set.policies.size }).toEqual({
    reads: 0,
    writes: 0,
    policies: 0,
  });
  expect(set.event).toBeUndefined();
  expect([...set.privateWrites.keys()]).toEqual([`${implicitCollection(alder)}\0${keys.kept(version)}`]);
  await keep([entry(version, 'x')]);
  expect(story.state.keys()).toEqual(before);
});

test('purges by name', async () => {
  await keep([entry(version, 'first'), entry(dataset, 'key')]);
  const names = canonicalBytes([version]);
  await story.submit('key:purge', {}, { ...story.as(alder), transient: { names } });
  expect((await list()).entries).toEqual([entry(dataset, 'key')]);
});

test('gives long entries page by page', async () => {
  const long = 'x'.repeat(700_000);
  await keep([entry(dataset, long), entry(version, long)]);
  const first = await list();
  expect(first).toEqual({ entries: [entry(dataset, long)], more: true });
  expect(await list(alder, dataset)).toEqual({ entries: [entry(version, long)], more: false });
});

test.each([
  ['no entry', []],
  ['a name of nothing that is kept', [{ name: 'grant/x', value: 'AAAA' }]],
  ['a name with a place above it', [{ name: `version/${photosV1}/../x`, value: 'AAAA' }]],
  ['what is not base64', [{ name: `version/${photosV1}`, value: 'a b' }]],
])('refuses to keep %s', async (_what, entries) => {
  await expect(keep(entries)).rejects.toThrow('RECORD_INVALID');
});

test('a recovery key is registered once and changed only by a rotation', async () => {
  const [own] = await story.evaluate('organization:list', {}, story.identity(alder, 'gateway'));
  const { name, gatewayAddress } = own!;
  const body = { name, gatewayAddress, agreementKey: agreementKeyOf(alder) };
  const recoveryKey = agreementKeyOf('recovery');
  await story.submit('organization:register', { ...body, recoveryKey }, story.as(alder));
  const other = { ...body, recoveryKey: agreementKeyOf('other') };
  await expect(story.submit('organization:register', other, story.as(alder))).rejects.toThrow('STATE_CONFLICT');
  expect((await story.submit('organization:register', body, story.as(alder))).recoveryKey).toBe(recoveryKey);
  const rotated = await story.submit(
    'organization:rotateKey',
    { agreementKey: agreementKeyOf('next'), recoveryKey: agreementKeyOf('other') },
    story.as(alder),
  );
  expect(rotated).toMatchObject({ recoveryKey: agreementKeyOf('other'), agreementKeys: [{ epoch: 1 }, { epoch: 2 }] });
});
