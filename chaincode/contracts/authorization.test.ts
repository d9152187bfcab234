/** Every transaction that writes, by every organization and role, against a table that is written down here and nowhere derived. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  canonicalBytes,
  cardCommitment,
  type MspId,
  readRefusal,
  type SubmitName,
  type Submits,
  sha256,
  submitShapes,
} from '../domain/index.ts';
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
  research,
  results,
  resultsV1,
  Story,
  versionBody,
  weights,
  weightsV1,
  withCard,
} from '../testing/story.ts';

const everyRole = [
  'gateway',
  'data-team',
  'model-owner',
  'compliance',
  'operator',
  'admin',
  'compute-node',
  undefined,
] as const;
const everyone: readonly MspId[] = [alder, birch, cedar];
const people = ['gateway', 'data-team', 'model-owner', 'admin'];
const requesters = ['gateway', 'data-team', 'admin'];
const operators = ['operator', 'admin'];

type Row<N extends SubmitName> = {
  /** What has happened before. */
  readonly after: () => Promise<Story>;
  readonly body: (story: Story, mspId: MspId) => Submits[N]['body'] | Promise<Submits[N]['body']>;
  readonly transient?: Readonly<Record<string, Uint8Array>>;
  /** Who may. */
  readonly organizations: readonly MspId[];
  readonly roles: readonly string[];
};

const published = () => new Story().publications();
const withRequest = async () => {
  const story = await published();
  await story.submit('grant:request', { id: grant, dataset: photos, terms: grantTerms, note: '' }, story.as(birch));
  return story;
};
const granted = () => new Story().granted();
const requested = () => new Story().requested();
const claimed = async () => {
  const story = await requested();
  await story.claim(0);
  return story;
};
const attested = async () => {
  const story = await requested();
  for (const index of [0, 1]) await story.attest(await story.claim(index));
  return story;
};
const fresh = idOf('dset', 'fresh');
const storage = idOf('stor', 'one');
const withStorage = async () => {
  const story = await published();
  const body = { id: storage, host: 'h', disk: 'd', capacityBytes: '1' };
  await story.submit('storage-node:register', body, story.as(birch, 'operator'));
  return story;
};
const erasure = idOf('eras', 'x');
const held = async () => {
  const story = await published();
  await story.submit('dataset:hold', { dataset: photos, reason: 'x' }, story.as(alder, 'compliance'));
  return story;
};
const erasing = async () => {
  const story = await published();
  const body = { id: erasure, dataset: photos, versions: [photosV1], whole: true, reason: 'x', derived: [] };
  await story.submit('dataset:requestErasure', body, story.as(alder, 'admin'));
  return story;
};
const noGrant = () => {
  const { grant: _, ...body } = jobBody();
  return body;
};

const oracle: { readonly [N in SubmitName]: Row<N> } = {
  'organization:register': {
    after: async () => new Story(),
    body: () => ({ name: 'x', gatewayAddress: 'https://x:1', agreementKey: agreementKeyOf('x') }),
    organizations: everyone,
    roles: ['admin', 'gateway'],
  },
  'organization:rotateKey': {
    after: published,
    body: () => ({ agreementKey: agreementKeyOf('next') }),
    organizations: everyone,
    roles: ['admin', 'gateway'],
  },
  'organization:leave': {
    after: published,
    body: () => ({ reason: 'x' }),
    organizations: everyone,
    roles: ['admin'],
  },
  'organization:expel': {
    after: published,
    body: () => ({ mspId: cedar, reason: 'x' }),
    // Nobody expels itself.
    organizations: [alder, birch],
    roles: ['admin'],
  },
  'key:keep': {
    after: published,
    body: () => ({}),
    transient: { entries: canonicalBytes([{ name: `version/${photosV1}`, value: 'AAAA' }]) },
    organizations: everyone,
    roles: ['gateway'],
  },
  'key:purge': {
    after: published,
    body: () => ({}),
    transient: { names: canonicalBytes([`version/${photosV1}`]) },
    organizations: everyone,
    roles: ['gateway'],
  },
  'purpose:define': {
    after: published,
    body: () => ({ purposes: [research, marketing].map((id) => ({ id, label: 'x' })) }),
    organizations: everyone,
    roles: ['admin'],
  },
  'dataset:register': {
    after: published,
    body: () => ({
      id: fresh,
      modality: 'images',
      terms: { access: 'granted', purposes: [research] },
      cardCommitment: cardCommitment(cardOf(fresh)),
    }),
    ...withCard(fresh),
    organizations: everyone,
    roles: people,
  },
  'dataset:publishVersion': {
    after: published,
    body: () => ({ ...versionBody(idOf('vers', 'next'), photos), parents: [] }),
    organizations: [alder],
    roles: people,
  },
  'dataset:reseal': {
    after: published,
    body: () => {
      const { id, manifestCommitment, contentRoot, sizeClass, epoch } = versionBody(photosV1, photos);
      return { id, manifestCommitment, contentRoot, sizeClass, epoch, sealing: 2 };
    },
    organizations: [alder],
    roles: ['gateway'],
  },
  'dataset:retire': {
    after: published,
    body: () => ({ dataset: photos, reason: 'x' }),
    organizations: [alder],
    roles: people,
  },
  'dataset:hold': {
    after: published,
    body: () => ({ dataset: photos, reason: 'x' }),
    organizations: [alder],
    roles: ['compliance', 'admin'],
  },
  'dataset:release': {
    after: held,
    body: () => ({ dataset: photos, reason: 'x' }),
    organizations: [alder],
    roles: ['compliance', 'admin'],
  },
  'dataset:requestErasure': {
    after: published,
    body: () => ({ id: erasure, dataset: photos, versions: [photosV1], whole: false, reason: 'x', derived: [] }),
    organizations: [alder],
    roles: ['admin'],
  },
  'dataset:recordErasure': {
    after: erasing,
    body: () => ({ id: erasure, certificate: sha256('x') }),
    organizations: [alder],
    roles: ['gateway'],
  },
  'grant:request': {
    after: published,
    body: () => ({ id: grant, dataset: photos, terms: grantTerms, note: '' }),
    organizations: [birch, cedar],
    roles: people,
  },
  'grant:issue': {
    after: withRequest,
    body: () => ({ id: grant, terms: grantTerms }),
    organizations: [alder],
    roles: people,
  },
  'grant:refuse': {
    after: withRequest,
    body: () => ({ id: grant, reason: 'x' }),
    organizations: [alder],
    roles: people,
  },
  'grant:revoke': { after: granted, body: () => ({ id: grant, reason: 'x' }), organizations: [alder], roles: people },
  'model:register': {
    after: published,
    body: () => ({ id: idOf('modl', 'x'), dataset: weights, name: 'x', task: 'text-embedding', approvalsNeeded: 1 }),
    organizations: [cedar],
    roles: people,
  },
  'model:publishVersion': {
    after: published,
    body: () => ({ model, version: weightsV1, digest: sha256('x'), cardDigest: sha256('x') }),
    organizations: [cedar],
    roles: people,
  },
  // The publisher's approval is there already; a second one of its own is a conflict and not an authorization.
  'model:approve': {
    after: published,
    body: () => ({ model, number: 1 }),
    organizations: [alder, birch],
    roles: people,
  },
  'model:revoke': {
    after: published,
    body: () => ({ model, number: 1, reason: 'x' }),
    organizations: [cedar],
    roles: people,
  },
  'job:request': {
    after: granted,
    // Alder uses its own data without a grant; cedar has neither.
    body: (_, mspId) => (mspId === birch ? jobBody() : noGrant()),
    organizations: [alder, birch],
    roles: requesters,
  },
  'job:cancel': { after: requested, body: () => ({ id: job, reason: 'x' }), organizations: [birch], roles: requesters },
  'job:finish': {
    after: attested,
    body: () => ({ id: job, output: versionBody(resultsV1, results), cardCommitment: cardCommitment(cardOf(results)) }),
    ...withCard(results),
    organizations: [birch],
    roles: requesters,
  },
  'partition:claim': {
    after: requested,
    body: (story) => story.claimBody(0),
    organizations: [alder],
    roles: ['compute-node'],
  },
  'partition:release': {
    after: claimed,
    body: () => ({ job, index: 0, token: 1, reason: 'x' }),
    organizations: [alder],
    roles: ['compute-node'],
  },
  'partition:reassign': {
    after: claimed,
    body: () => ({ job, index: 0, token: 1, reason: 'x' }),
    organizations: [birch],
    roles: requesters,
  },
  'partition:attest': {
    after: claimed,
    body: async (story) => {
      const partition = await story.evaluate('partition:get', { job, index: 0 }, story.identity(alder, 'gateway'));
      return { job, index: 0, token: 1, envelope: story.envelope(await story.predicate(partition), alder) };
    },
    organizations: [alder],
    roles: ['compute-node'],
  },
  'storage-node:register': {
    after: published,
    body: () => ({ id: storage, host: 'h', disk: 'd', capacityBytes: '1' }),
    organizations: everyone,
    roles: operators,
  },
  'storage-node:drain': { after: withStorage, body: () => ({ id: storage }), organizations: [birch], roles: operators },
  'storage-node:expel': {
    after: withStorage,
    body: () => ({ id: storage, reason: 'x' }),
    organizations: everyone,
    roles: operators,
  },
  'storage-node:leave': { after: withStorage, body: () => ({ id: storage }), organizations: [birch], roles: operators },
  'compute-node:register': {
    after: published,
    body: (story, mspId) => ({
      id: idOf('comp', 'next'),
      publicKey: story.identity(mspId, 'compute-node').publicKey,
      classes: ['R-1'],
      runtime: { ort: '1', executionProvider: 'cpu', isa: 'avx2' },
    }),
    organizations: everyone,
    roles: operators,
  },
  'compute-node:drain': { after: published, body: () => ({ id: alderNode }), organizations: [alder], roles: operators },
  'compute-node:leave': { after: published, body: () => ({ id: cedarNode }), organizations: [cedar], roles: operators },
  'access:record': {
    after: granted,
    body: () => ({
      id: idOf('accs', 'x'),
      version: photosV1,
      purpose: research,
      grant,
      ephemeralKey: agreementKeyOf('x'),
    }),
    organizations: everyone,
    roles: ['gateway', 'data-team', 'model-owner', 'compliance', 'admin'],
  },
  'audit:record': {
    after: withStorage,
    body: () => ({
      id: idOf('audt', 'x'),
      version: photosV1,
      kind: 'audit',
      nodes: [{ node: storage, ok: 1, missing: 0, corrupt: 0, offline: 0, slow: 0, repaired: 0 }],
    }),
    organizations: [alder],
    roles: ['gateway'],
  },
};

let asked = 0;

describe.each(Object.keys(oracle) as SubmitName[])('%s', (name) => {
  const row = oracle[name];
  let story: Story;
  beforeAll(async () => {
    story = await row.after();
  });

  test.each(everyone)('is open to the right roles of %s alone', async (mspId) => {
    for (const role of everyRole) {
      const body = await row.body(story, mspId);
      const as = story.identity(mspId, role);
      const { transient } = row;
      const proposal = story.proposal(name, body, { as, ...(transient === undefined ? {} : { transient }) });
      const { status, message } = await story.simulate(proposal);
      const refusal = readRefusal(message ?? '');
      const mayRole = role !== undefined && row.roles.includes(role);
      const may = mayRole && row.organizations.includes(mspId);
      asked++;
      expect({ role, ok: status === 200, code: mayRole ? 'any' : refusal?.code }).toEqual({
        role,
        ok: may,
        code: mayRole ? 'any' : 'ROLE_MISSING',
      });
      if (mayRole && !may) expect(['forbidden', 'conflict']).toContain(refusal?.kind);
    }
  });
});

test('the table covers every transaction that the chaincode has, and all of it was asked', () => {
  expect(Object.keys(oracle).sort()).toEqual(Object.keys(submitShapes).sort());
  expect(asked).toBe(Object.keys(oracle).length * everyone.length * everyRole.length);
});

test('the router knows the names of the table and no others', async () => {
  const story = await new Story().members();
  const { mspId, certificate } = story.identity(alder, 'gateway');
  const answer = await story.simulate({ mspId, certificate, name: 'org.hyperledger.fabric:GetMetadata', args: [] });
  const { contracts } = JSON.parse(answer.payload) as {
    contracts: Record<string, { transactions: { name: string; tag: string[] }[] }>;
  };
  const routed = Object.entries(contracts)
    .filter(([contract]) => contract !== 'org.hyperledger.fabric')
    .flatMap(([contract, { transactions }]) =>
      transactions.map(({ name, tag }) => [`${contract}:${name}`, tag.includes('SUBMIT')]),
    );
  const writes = routed.filter(([, submits]) => submits).map(([name]) => name);
  expect(writes.sort()).toEqual(Object.keys(submitShapes).sort());
  const { evaluateShapes } = await import('../domain/index.ts');
  const reads = routed.filter(([, submits]) => !submits).map(([name]) => name);
  expect(reads.sort()).toEqual(Object.keys(evaluateShapes).sort());
});

test('an access that is not open is recorded as denied, not as allowed', async () => {
  const story = await granted();
  const body = oracle['access:record'].body(story, cedar) as Submits['access:record']['body'];
  expect((await story.submit('access:record', body, story.as(cedar))).outcome).toBe('denied');
});
