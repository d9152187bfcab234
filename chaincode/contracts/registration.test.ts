import { describe, expect, test } from '@jest/globals';
import { catalogueDefinition, sha256 } from '../domain/index.ts';
import {
  agreementKeyOf,
  alder,
  alderNode,
  birch,
  cedar,
  idOf,
  marketing,
  model,
  photos,
  photosV1,
  research,
  Story,
  versionBody,
  weights,
  weightsV1,
} from '../testing/story.ts';

const key = agreementKeyOf;

describe('an organization', () => {
  test('registers itself, moves its gateway, and rotates its key by epochs', async () => {
    const story = await new Story().members();
    const body = { name: 'Alder', gatewayAddress: 'https://alder.example:443', agreementKey: key(alder) };
    expect(await story.submit('organization:register', body, story.as(alder, 'admin'))).toMatchObject({
      gatewayAddress: 'https://alder.example:443',
      agreementKeys: [{ epoch: 1 }],
    });
    const otherKey = { ...body, agreementKey: key('other') };
    await expect(story.submit('organization:register', otherKey, story.as(alder, 'admin'))).rejects.toThrow(
      'STATE_CONFLICT',
    );
    const rotated = await story.submit(
      'organization:rotateKey',
      { agreementKey: key('other') },
      story.as(alder, 'admin'),
    );
    expect(rotated.agreementKeys).toEqual([
      { epoch: 1, publicKey: key(alder) },
      { epoch: 2, publicKey: key('other') },
    ]);
    const back = story.submit('organization:rotateKey', { agreementKey: key(alder) }, story.as(alder, 'admin'));
    await expect(back).rejects.toThrow('STATE_CONFLICT');
    const listed = await story.evaluate('organization:list', {}, story.identity(birch, 'gateway'));
    expect(listed.map(({ mspId }) => mspId)).toEqual([alder, birch, cedar]);
  });

  test.each(['http://a:1', 'https://a', 'https://a:1/', 'https://u@a:1', 'https://a:1?x', 'https://A:1'])(
    'has no gateway at %s',
    async (gatewayAddress) => {
      const body = { name: 'x', gatewayAddress, agreementKey: key('x') };
      const story = new Story();
      await expect(story.submit('organization:register', body, story.as(alder, 'admin'))).rejects.toThrow(
        'RECORD_INVALID',
      );
    },
  );
});

describe('the list of purposes', () => {
  test('grows and is relabelled, and never loses one', async () => {
    const story = await new Story().members();
    const define = (...ids: string[]) =>
      story.submit('purpose:define', { purposes: ids.map((id) => ({ id, label: 'x' })) }, story.as(alder, 'admin'));
    await define(research, marketing, 'dpv:Other');
    await expect(define(research)).rejects.toThrow('STATE_CONFLICT');
    await expect(define(research, research)).rejects.toThrow('RECORD_INVALID');
    await expect(
      story.registerDataset(photos, alder, { terms: { access: 'granted', purposes: ['dpv:Unknown'] } }),
    ).rejects.toThrow('PURPOSE_UNKNOWN');
  });

  test('must be there before datasets are', async () => {
    await expect(new Story().registerDataset(photos, alder)).rejects.toThrow('PURPOSES_NOT_DEFINED');
  });
});

describe('a version', () => {
  test('is numbered within its dataset and may name parents that its owner may derive from', async () => {
    const story = await new Story().publications();
    const body = { ...versionBody(idOf('vers', 'photos 2'), photos), parents: [photosV1, weightsV1] };
    expect(await story.submit('dataset:publishVersion', body, story.as(alder))).toMatchObject({
      number: 2,
      owner: alder,
      origin: { parents: [photosV1, weightsV1] },
    });
    const foreign = idOf('dset', 'birch');
    await story.registerDataset(foreign, birch);
    const derived = { ...versionBody(idOf('vers', 'birch 1'), foreign), parents: [photosV1] };
    await expect(story.submit('dataset:publishVersion', derived, story.as(birch))).rejects.toThrow(
      'ACTION_NOT_GRANTED',
    );
    const orphan = { ...derived, parents: [idOf('vers', 'nothing')] };
    await expect(story.submit('dataset:publishVersion', orphan, story.as(birch))).rejects.toThrow('VERSION_NOT_FOUND');
  });

  test('is refused where it exists, is not its own dataset’s, adds up wrong, or comes after retirement', async () => {
    const story = await new Story().publications();
    const publish = (change: object, as = alder) =>
      story.submit(
        'dataset:publishVersion',
        { ...versionBody(idOf('vers', 'p2'), photos), parents: [], ...change },
        story.as(as),
      );
    await expect(publish({ id: photosV1 })).rejects.toThrow('RECORD_EXISTS');
    await expect(publish({}, birch)).rejects.toThrow('CALLER_NOT_OWNER');
    await expect(publish({ rows: 26 })).rejects.toThrow('RECORD_INVALID');
    await expect(publish({ segmentRows: [25, 0] })).rejects.toThrow('RECORD_INVALID');
    await expect(publish({ sizeClass: '1.5' })).rejects.toThrow('RECORD_INVALID');
    await expect(publish({ dataset: idOf('dset', 'nothing') })).rejects.toThrow('DATASET_NOT_FOUND');
    await story.submit('dataset:retire', { dataset: photos, reason: 'old' }, story.as(alder));
    await expect(publish({})).rejects.toThrow('DATASET_RETIRED');
    await expect(story.submit('dataset:retire', { dataset: photos, reason: 'x' }, story.as(alder))).rejects.toThrow(
      'STATE_CONFLICT',
    );
  });
});

describe('a model', () => {
  test('lies in a model dataset of its owner, and its versions in that dataset', async () => {
    const story = await new Story().publications();
    const named = {
      id: idOf('modl', 'x'),
      dataset: photos,
      name: 'x',
      task: 'text-embedding',
      approvalsNeeded: 1,
    } as const;
    await expect(story.submit('model:register', named, story.as(alder))).rejects.toThrow('RECORD_INVALID');
    await expect(story.submit('model:register', { ...named, dataset: weights }, story.as(alder))).rejects.toThrow(
      'CALLER_NOT_OWNER',
    );
    await expect(
      story.submit('model:register', { ...named, id: model, dataset: weights }, story.as(cedar)),
    ).rejects.toThrow('RECORD_EXISTS');
    const retired = idOf('dset', 'retired');
    await story.registerDataset(retired, cedar, { modality: 'model' });
    await story.submit('dataset:retire', { dataset: retired, reason: 'old' }, story.as(cedar));
    await expect(story.submit('model:register', { ...named, dataset: retired }, story.as(cedar))).rejects.toThrow(
      'DATASET_RETIRED',
    );
    const version = { model, version: photosV1, digest: sha256('x'), cardDigest: sha256('x') };
    await expect(story.submit('model:publishVersion', version, story.as(cedar))).rejects.toThrow('VERSION_NOT_FOUND');
    const second = await story.submit('model:publishVersion', { ...version, version: weightsV1 }, story.as(cedar));
    expect(second).toMatchObject({ number: 2, approvals: [{ organization: cedar }], state: 'published' });
    await story.submit('model:revoke', { model, number: 2, reason: 'bad' }, story.as(cedar));
    await expect(story.submit('model:approve', { model, number: 2 }, story.as(alder))).rejects.toThrow('MODEL_REVOKED');
    await expect(story.submit('model:revoke', { model, number: 2, reason: 'bad' }, story.as(cedar))).rejects.toThrow(
      'STATE_CONFLICT',
    );
  });
});

describe('a node', () => {
  test('drains and leaves, and does neither twice', async () => {
    const story = await new Story().publications();
    const id = idOf('stor', 'one');
    const operator = story.as(birch, 'operator');
    const body = { id, host: 'h1', disk: 'd1', capacityBytes: '1000000000000' };
    expect(await story.submit('storage-node:register', body, operator)).toMatchObject({
      organization: birch,
      state: 'active',
    });
    await expect(story.submit('storage-node:register', body, operator)).rejects.toThrow('RECORD_EXISTS');
    expect(await story.submit('storage-node:drain', { id }, operator)).toMatchObject({ state: 'draining' });
    await expect(story.submit('storage-node:drain', { id }, operator)).rejects.toThrow('STATE_CONFLICT');
    expect(await story.submit('storage-node:leave', { id }, operator)).toMatchObject({ state: 'left' });
    await expect(story.submit('storage-node:leave', { id }, operator)).rejects.toThrow('STATE_CONFLICT');
    const listed = await story.evaluate('storage-node:list', {}, story.identity(alder, 'gateway'));
    expect(listed).toHaveLength(1);
    expect(await story.evaluate('compute-node:list', {}, story.identity(alder, 'gateway'))).toHaveLength(2);
  });

  test('that computes has a P-256 key', async () => {
    const story = await new Story().publications();
    const body = {
      id: idOf('comp', 'x'),
      publicKey: 'no key',
      classes: ['R-1'] as const,
      runtime: { ort: '1', executionProvider: 'cpu', isa: 'avx2' },
    };
    await expect(story.submit('compute-node:register', body, story.as(alder, 'operator'))).rejects.toThrow(
      'RECORD_INVALID',
    );
    await expect(story.submit('compute-node:leave', { id: alderNode }, story.as(cedar, 'operator'))).rejects.toThrow(
      'CALLER_NOT_OWNER',
    );
  });
});

test('what is not there is absent, whatever it is', async () => {
  const story = await new Story().publications();
  const ask = [
    ['organization:get', { mspId: 'DoveMSP' }],
    ['dataset:get', { id: idOf('dset', '?') }],
    ['dataset:getCard', { id: idOf('dset', '?') }],
    ['dataset:getVersion', { id: idOf('vers', '?') }],
    ['grant:get', { id: idOf('grnt', '?') }],
    ['model:get', { id: idOf('modl', '?') }],
    ['model:getVersion', { model, number: 9 }],
    ['job:get', { id: idOf('job', '?') }],
    ['partition:get', { job: idOf('job', '?'), index: 0 }],
    ['storage-node:get', { id: idOf('stor', '?') }],
    ['compute-node:get', { id: idOf('comp', '?') }],
    ['access:get', { id: idOf('accs', '?') }],
  ] as const;
  for (const [name, body] of ask) {
    const answer = story.evaluate(name, body as never, story.identity(alder, 'gateway'));
    await expect(answer).rejects.toMatchObject({ kind: 'absent' });
  }
});

test('the catalogue’s collection is for its members alone', () => {
  expect(catalogueDefinition([cedar, alder])).toMatchObject({
    name: 'catalogue',
    policy: "OR('AlderMSP.member', 'CedarMSP.member')",
    memberOnlyRead: true,
    memberOnlyWrite: true,
    endorsementPolicy: { channelConfigPolicy: '/Channel/Application/Endorsement' },
  });
  expect(() => catalogueDefinition([])).toThrow(RangeError);
  expect(() => catalogueDefinition(["A', 'B.member') OR('C" as typeof alder])).toThrow(RangeError);
});
