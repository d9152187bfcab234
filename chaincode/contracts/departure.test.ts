/** An organization leaves, by itself or by the word of the others: what ends with it, and what does not. */
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import type { MspId } from '../domain/index.ts';
import {
  agreementKeyOf,
  alder,
  alderNode,
  birch,
  cedar,
  cedarNode,
  grant,
  grantTerms,
  idOf,
  job,
  jobBody,
  model,
  photos,
  photosV1,
  research,
  Story,
  versionBody,
} from '../testing/story.ts';

const load = createRequire(import.meta.url);
const { common, msp } = createRequire(load.resolve('fabric-shim'))('@hyperledger/fabric-protos') as {
  common: {
    SignaturePolicyEnvelope: {
      deserializeBinary(bytes: Uint8Array): { getIdentitiesList(): { getPrincipal_asU8(): Uint8Array }[] };
    };
  };
  msp: { MSPRole: { deserializeBinary(bytes: Uint8Array): { getMspIdentifier(): string } } };
};
/** Who stands in a key-level policy: the one who must endorse, then those of whom one must. */
function organizationsIn(policy: Uint8Array): string[] {
  const principals = common.SignaturePolicyEnvelope.deserializeBinary(policy).getIdentitiesList();
  return principals.map((one) => msp.MSPRole.deserializeBinary(one.getPrincipal_asU8()).getMspIdentifier());
}

const leave = (story: Story, mspId: MspId) =>
  story.submit('organization:leave', { reason: 'the project ended' }, story.as(mspId, 'admin'));
const expel = (story: Story, mspId: MspId, by: MspId) =>
  story.submit('organization:expel', { mspId, reason: 'unreachable' }, story.as(by, 'admin'));

describe('when an organization has left', () => {
  test('the grants it gave and those it held have ended, and so have its datasets', async () => {
    const story = await new Story().granted();
    await story.submit(
      'grant:request',
      { id: idOf('grnt', 'wish'), dataset: photos, terms: { ...grantTerms, executors: [alder] }, note: '' },
      story.as(cedar),
    );
    expect(await leave(story, alder)).toMatchObject({
      mspId: alder,
      left: { reason: 'the project ended', by: [alder] },
    });
    const as = story.identity(birch, 'gateway');
    expect((await story.evaluate('grant:get', { id: grant }, as)).grant).toMatchObject({
      state: 'revoked',
      reason: 'AlderMSP has left the consortium',
    });
    expect((await story.evaluate('grant:get', { id: idOf('grnt', 'wish') }, as)).grant.state).toBe('refused');
    expect((await story.evaluate('dataset:get', { id: photos }, as)).state).toBe('retired');
    await expect(story.submit('job:request', jobBody(), story.as(birch))).rejects.toThrow('DATASET_RETIRED');
  });

  test('a grant to it has ended while its owner’s data goes on', async () => {
    const story = await new Story().requested();
    await leave(story, birch);
    const as = story.identity(alder, 'gateway');
    expect((await story.evaluate('grant:get', { id: grant }, as)).grant.state).toBe('revoked');
    expect((await story.evaluate('job:get', { id: job }, as)).state).toBe('revoked');
    expect((await story.evaluate('dataset:get', { id: photos }, as)).state).toBe('active');
    expect(await story.evaluate('partition:listOpen', { node: alderNode }, as)).toEqual([]);
    await expect(story.claim(0)).rejects.toThrow('STATE_CONFLICT');
  });

  test('its model may not run, and a job with it ends as one whose right was revoked', async () => {
    const story = await new Story().requested();
    await leave(story, cedar);
    const as = story.identity(birch, 'gateway');
    expect((await story.evaluate('model:getVersion', { model, number: 1 }, as)).state).toBe('revoked');
    await expect(story.claim(0)).rejects.toThrow('MODEL_REVOKED');
    expect((await story.submit('job:finish', { id: job }, story.as(birch))).state).toBe('revoked');
  });

  test('its nodes have left, claim nothing and are no executors any more', async () => {
    const story = await new Story().requested();
    await leave(story, cedar);
    const as = story.identity(birch, 'gateway');
    const nodes = await story.evaluate('compute-node:list', {}, as);
    expect(nodes.map(({ id, state }) => [id, state]).sort()).toEqual(
      [
        [alderNode, 'active'],
        [cedarNode, 'left'],
      ].sort(),
    );
    expect((await story.evaluate('job:get', { id: job }, as)).executors).toEqual([alder]);
  });

  test('a job that only its nodes could run is over', async () => {
    const story = await new Story().publications();
    const terms = { ...grantTerms, executors: [cedar] };
    await story.submit('grant:issue', { id: grant, terms, dataset: photos, grantee: birch }, story.as(alder));
    await story.submit('model:approve', { model, number: 1 }, story.as(birch));
    await story.submit('job:request', jobBody(), story.as(birch));
    await leave(story, cedar);
    expect((await story.evaluate('job:get', { id: job }, story.identity(birch, 'gateway'))).state).toBe('cancelled');
  });

  test('what it approved of others’ stays approved, and what had ended stays as it ended', async () => {
    const story = await new Story().requested();
    for (const index of [0, 1]) await story.attest(await story.claim(index));
    await story.finish();
    await story.submit('model:approve', { model, number: 1 }, story.as(alder));
    await leave(story, alder);
    const as = story.identity(birch, 'gateway');
    expect((await story.evaluate('model:getVersion', { model, number: 1 }, as)).state).toBe('published');
    expect((await story.evaluate('job:get', { id: job }, as)).state).toBe('succeeded');
  });

  test('nothing of its is written any more, and its MSP id comes back to nobody', async () => {
    const story = await new Story().granted();
    const options = { ...story.as(alder, 'admin'), key: 'leaving' };
    const first = await story.submit('organization:leave', { reason: 'x' }, options);
    // Who did not hear the answer asks again and hears it.
    expect(await story.submit('organization:leave', { reason: 'x' }, options)).toEqual(first);
    const back = { name: 'Alder', gatewayAddress: 'https://x:1', agreementKey: agreementKeyOf(alder) };
    await expect(story.submit('organization:register', back, story.as(alder, 'admin'))).rejects.toThrow(
      'ORGANIZATION_LEFT',
    );
    const version = { ...versionBody(idOf('vers', 'next'), photos), parents: [] };
    await expect(story.submit('dataset:publishVersion', version, story.as(alder))).rejects.toThrow('ORGANIZATION_LEFT');
    const access = { id: idOf('accs', 'x'), version: photosV1, purpose: research, ephemeralKey: agreementKeyOf('x') };
    await expect(story.submit('access:record', access, story.as(alder))).rejects.toThrow('ORGANIZATION_LEFT');
    const terms = { ...grantTerms, executors: [alder] };
    const wish = { id: idOf('grnt', 'x'), dataset: idOf('dset', 'weights'), terms, note: '' };
    await expect(story.submit('grant:request', wish, story.as(birch))).rejects.toThrow('ORGANIZATION_NOT_FOUND');
  });

  test('new records name only who is there among those who endorse', async () => {
    const story = await new Story().members();
    await leave(story, cedar);
    const answer = await story.simulate(
      story.proposal(
        'storage-node:register',
        { id: idOf('stor', 'x'), host: 'h', disk: 'd', capacityBytes: '1' },
        story.as(alder, 'operator'),
      ),
    );
    expect(answer.status).toBe(200);
    const policies = Buffer.from(JSON.stringify([...answer.set.policies.values()].map((one) => one.toString())));
    expect(policies.toString()).toContain(birch);
    expect(policies.toString()).not.toContain(cedar);
  });

  test('what the others go on writing needs no peer of the one who left, whatever it was to them', async () => {
    for (const gone of [alder, cedar]) {
      const story = await new Story().requested();
      await leave(story, gone);
      const { status, set } = await story.simulate(story.proposal('job:finish', { id: job }, story.as(birch)));
      expect(status).toBe(200);
      const guarded = [...set.writes.keys()].flatMap((key) => {
        const policy = set.policies.get(key) ?? story.state.policyOf(key);
        return policy === undefined ? [] : [organizationsIn(policy)];
      });
      expect(guarded.length).toBeGreaterThan(0);
      for (const [first, ...second] of guarded) {
        expect(first).not.toBe(gone);
        expect(second.some((mspId) => mspId !== gone)).toBe(true);
      }
    }
  });

  test('an event tells of it once', async () => {
    const story = await new Story().requested();
    const before = story.events.length;
    await leave(story, cedar);
    expect(story.events.slice(before).map(({ kind }) => kind)).toEqual(['organization.left']);
  });
});

describe('expelling an organization', () => {
  test('needs more than half of all members, each once, and never its own word', async () => {
    const story = await new Story().granted();
    const dogwood = 'DogwoodMSP' as MspId;
    const body = { name: 'Dogwood', gatewayAddress: 'https://x:1', agreementKey: agreementKeyOf('dogwood') };
    await story.submit('organization:register', body, story.as(dogwood, 'admin'));
    // Of four, three.
    await expect(expel(story, alder, alder)).rejects.toThrow('STATE_CONFLICT');
    expect((await expel(story, alder, birch)).left).toBeUndefined();
    expect((await expel(story, alder, birch)).expulsion).toEqual([{ organization: birch, reason: 'unreachable' }]);
    expect((await expel(story, alder, cedar)).left).toBeUndefined();
    const as = story.identity(birch, 'gateway');
    expect((await story.evaluate('grant:get', { id: grant }, as)).grant.state).toBe('issued');
    const gone = await expel(story, alder, dogwood);
    expect(gone).toMatchObject({ left: { by: [birch, cedar, dogwood] } });
    expect(gone.expulsion).toBeUndefined();
    expect((await story.evaluate('grant:get', { id: grant }, as)).grant.state).toBe('revoked');
    await expect(expel(story, alder, birch)).rejects.toThrow('STATE_CONFLICT');
  });

  test('hears no stranger, and no word of one who has left meanwhile', async () => {
    const story = await new Story().members();
    await expect(expel(story, alder, 'ElderMSP' as MspId)).rejects.toThrow('CALLER_NOT_OWNER');
    await expel(story, alder, birch);
    await leave(story, birch);
    // Two are left, and neither can put the other out.
    await expect(expel(story, alder, cedar)).rejects.toThrow('STATE_CONFLICT');
  });
});
