import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { routes } from '../routes/index.ts';
import { EmbeddedNetwork } from '../testing/embedded-network.ts';
import type { Loose } from '../testing/index.ts';

const research = 'dpv:AcademicResearch';
const absent = {
  dset: `dset_${'a'.repeat(26)}`,
  vers: `vers_${'a'.repeat(26)}`,
  grnt: `grnt_${'a'.repeat(26)}`,
  modl: `modl_${'a'.repeat(26)}`,
  job: `job_${'a'.repeat(26)}`,
  stor: `stor_${'a'.repeat(26)}`,
  comp: `comp_${'a'.repeat(26)}`,
};

/**
 * What each organization gets for each operation on one object: alder owns the data, birch has a grant and a job, cedar has nothing.
 * `hidden` is 404 in the very words of an id that does not exist.
 */
type Expected = number | 'hidden';
type Case = {
  readonly id: keyof typeof absent;
  readonly body?: object;
  readonly alder: Expected;
  readonly birch: Expected;
  readonly cedar: Expected;
};
const reason = { reason: 'test' };
/** `$ID` is the id that is asked about. */
const confirmed = { ...reason, confirm: '$ID' };
const cases: Readonly<Record<string, Case>> = {
  'dataset.get': { id: 'dset', alder: 200, birch: 200, cedar: 200 },
  'version.list': { id: 'dset', alder: 200, birch: 200, cedar: 200 },
  'version.get': { id: 'vers', alder: 200, birch: 200, cedar: 200 },
  'version.getContent': { id: 'vers', alder: 200, birch: 403, cedar: 403 },
  'version.getStorage': { id: 'vers', alder: 200, birch: 403, cedar: 403 },
  'version.audit': { id: 'vers', alder: 200, birch: 403, cedar: 403 },
  'version.repair': { id: 'vers', alder: 202, birch: 403, cedar: 403 },
  'version.getRepair': { id: 'vers', alder: 200, birch: 403, cedar: 403 },
  'lineage.get': { id: 'vers', alder: 200, birch: 200, cedar: 200 },
  'grant.get': { id: 'grnt', alder: 200, birch: 200, cedar: 'hidden' },
  'grant.getImpact': { id: 'grnt', alder: 200, birch: 200, cedar: 'hidden' },
  'grant.issue': { id: 'grnt', body: {}, alder: 409, birch: 403, cedar: 'hidden' },
  'grant.refuse': { id: 'grnt', body: reason, alder: 409, birch: 403, cedar: 'hidden' },
  'model.get': { id: 'modl', alder: 200, birch: 200, cedar: 200 },
  'model.publishVersion': {
    id: 'modl',
    body: { version: absent.vers, digest: '0'.repeat(64), cardDigest: '0'.repeat(64) },
    alder: 404,
    birch: 404,
    cedar: 404,
  },
  'model.approve': { id: 'modl', alder: 409, birch: 200, cedar: 200 },
  'job.get': { id: 'job', alder: 200, birch: 200, cedar: 'hidden' },
  'job.getResults': { id: 'job', alder: 409, birch: 409, cedar: 'hidden' },
  'job.getEvidence': { id: 'job', alder: 409, birch: 409, cedar: 'hidden' },
  'storage-node.expel': { id: 'stor', body: reason, alder: 200, birch: 200, cedar: 200 },
  'storage-node.drain': { id: 'stor', alder: 200, birch: 403, cedar: 403 },
  'storage-node.leave': { id: 'stor', alder: 200, birch: 403, cedar: 403 },
  'compute-node.drain': { id: 'comp', alder: 200, birch: 403, cedar: 403 },
  'compute-node.leave': { id: 'comp', alder: 200, birch: 403, cedar: 403 },
  // Those that end things come last; strangers and the other party are asked before the owner.
  'job.cancel': { id: 'job', body: reason, alder: 403, birch: 200, cedar: 'hidden' },
  'grant.revoke': { id: 'grnt', body: reason, alder: 200, birch: 403, cedar: 'hidden' },
  'model.revoke': { id: 'modl', body: reason, alder: 200, birch: 403, cedar: 403 },
  'dataset.publishVersion': { id: 'dset', body: { text: 'more' }, alder: 201, birch: 404, cedar: 404 },
  'dataset.retire': { id: 'dset', body: reason, alder: 200, birch: 403, cedar: 403 },
  'dataset.hold': { id: 'dset', body: reason, alder: 200, birch: 403, cedar: 403 },
  'dataset.release': { id: 'dset', body: reason, alder: 200, birch: 403, cedar: 403 },
  'version.getErasureImpact': { id: 'vers', alder: 200, birch: 200, cedar: 200 },
  'version.requestErasure': { id: 'vers', body: confirmed, alder: 202, birch: 403, cedar: 403 },
  'version.getErasure': { id: 'vers', alder: 200, birch: 200, cedar: 200 },
  'dataset.getErasureImpact': { id: 'dset', alder: 200, birch: 200, cedar: 200 },
  'dataset.requestErasure': { id: 'dset', body: confirmed, alder: 202, birch: 403, cedar: 403 },
  'dataset.getErasure': { id: 'dset', alder: 200, birch: 200, cedar: 200 },
};
/** Operations whose id names nothing that belongs to anyone. */
const ownerless = ['problem.get', 'quota.give', 'transaction.get'];

describe("who sees and does what with another organization's objects", () => {
  let network: EmbeddedNetwork;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    network = await EmbeddedNetwork.start();
    await network.join([research]);
    const alder = network.rest('alder', 'admin');
    const birch = network.rest('birch', 'admin');
    const terms = { access: 'granted', purposes: [research] };
    const publish = async (modality: string, name: string) => {
      const { id } = await alder.call<Loose>('POST', '/datasets', {
        body: { title: name, licence: 'CC0-1.0', modality, terms },
      });
      const stream = {
        type: 'text/plain',
        name: `${name}.txt`,
        bytes: [Buffer.from(`${name}, for a test`)] as unknown as AsyncIterable<Uint8Array>,
      };
      const version = await alder.call<Loose>('POST', `/datasets/${id}/versions`, { stream });
      return { dataset: id, version: version.id };
    };
    const documents = await publish('documents', 'letters');
    const weights = await publish('model', 'weights');
    const model = await alder.call<Loose>('POST', '/models', {
      body: { dataset: weights.dataset, name: 'MiniLM', task: 'text-embedding' },
    });
    const digest = '1'.repeat(64);
    await alder.call('POST', `/models/${model.id}/versions`, {
      body: { version: weights.version, digest, cardDigest: digest },
    });
    const node = await network
      .rest('alder', 'operator')
      .call<Loose>('POST', '/storage-nodes', { body: { host: 'h', disk: 'd', capacityBytes: '1' } });
    const { publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const runtime = { ort: '1', executionProvider: 'cpu', isa: 'avx2' };
    const compute = await network
      .rest('alder', 'operator')
      .call<Loose>('POST', '/compute-nodes', { body: { publicKey, classes: ['R-1'], runtime } });
    const grantOn = (dataset: string) => ({
      dataset,
      grantee: 'BirchMSP',
      terms: { actions: ['use'], purposes: [research], models: [model.id], executors: ['AlderMSP'] },
    });
    const grant = await alder.call<Loose>('POST', '/grants', { body: grantOn(documents.dataset) });
    const modelGrant = await alder.call<Loose>('POST', '/grants', { body: grantOn(weights.dataset) });
    await network.gateways.get('birch')!.services.readModel.waitFor(modelGrant.ledger.block);
    const wish = {
      version: documents.version,
      model: model.id,
      purpose: research,
      grant: grant.id,
      modelGrant: modelGrant.id,
    };
    const { id: job } = await birch.call<Loose>('POST', '/jobs', { body: wish });
    Object.assign(ids, {
      dset: documents.dataset,
      vers: documents.version,
      grnt: grant.id,
      modl: model.id,
      job,
      modelGrant: modelGrant.id,
      stor: node.id,
      comp: compute.id,
    });
    await network.caughtUp();
  }, 120_000);
  afterAll(() => network?.[Symbol.asyncDispose]());

  async function ask(organization: string, operation: string, id: string) {
    const { method, path } = routes.find((route) => route.operation === operation)!;
    const { body, id: kind } = cases[operation]!;
    const role = kind === 'stor' || kind === 'comp' ? 'operator' : 'admin';
    const key = network.credentials.organizations[organization]?.keys[role];
    const url = `${network.credentials.organizations[organization]?.rest}${path.replace(/:(id|version)\b/, id).replace(':number', '1')}`;
    const isUpload = operation === 'dataset.publishVersion';
    const query = operation === 'version.getContent' && organization !== 'alder' ? `?purpose=${research}` : '';
    const response = await fetch(url + query, {
      method: method.toUpperCase(),
      headers: {
        authorization: `Bearer ${key}`,
        ...(method !== 'get' && { 'idempotency-key': crypto.randomUUID() }),
        ...(body !== undefined && { 'content-type': isUpload ? 'text/plain' : 'application/json' }),
        ...(isUpload && { 'content-disposition': 'attachment; filename="more.txt"' }),
      },
      ...(body !== undefined && { body: isUpload ? 'more text' : JSON.stringify(body).replace('$ID', id) }),
    });
    const text = await response.text();
    if (response.status < 400) return { status: response.status };
    const { instance, traceId, ...problem } = JSON.parse(text);
    // An id that the caller itself wrote may come back.
    return { ...problem, detail: problem.detail.replaceAll(id, 'ID'), status: response.status };
  }

  test('the table names every operation with an id', () => {
    const consortiums = routes.filter(({ path }) => path.startsWith('/v1/admin/'));
    expect(consortiums.filter(({ scope }) => scope !== 'consortium:admin')).toEqual([]);
    const withId = routes
      .filter((one) => one.path.includes(':') && !consortiums.includes(one))
      .map(({ operation }) => operation);
    expect([...Object.keys(cases), ...ownerless].toSorted()).toEqual(withId.toSorted());
  });

  test.each(Object.entries(cases))('%s', async (operation, expected) => {
    const nothing = await ask('cedar', operation, absent[expected.id]);
    expect(nothing.status).toBe(404);
    for (const organization of ['cedar', 'birch', 'alder'] as const) {
      const answer = await ask(organization, operation, ids[expected.id] ?? '');
      const wanted = expected[organization];
      if (wanted === 'hidden') expect(answer).toEqual(nothing);
      else
        expect({ organization, status: answer.status, code: answer.code }).toMatchObject({
          organization,
          status: wanted,
        });
      await network.caughtUp();
    }
  });

  test('a revocation tells the owner which jobs ran under the grant and what was derived; others are not told', async () => {
    const alder = network.rest('alder', 'admin');
    const revoked = await alder.call<Loose>('POST', `/grants/${ids.modelGrant}/revoke`, { body: { reason: 'over' } });
    const [affected, ...more] = revoked.affected;
    expect(more).toEqual([]);
    const job = await alder.call<Loose>('GET', `/jobs/${ids.job}`);
    expect(affected).toEqual({
      job: ids.job,
      state: 'cancelled',
      requester: 'BirchMSP',
      outputDataset: job.outputDataset,
      outputVersion: job.outputVersion,
    });
    const under = (organization: string, grant: string | undefined) =>
      network.rest(organization, 'admin').call<Loose>('GET', `/jobs?grant=${grant}`);
    expect((await under('alder', ids.modelGrant)).items).toMatchObject([{ id: ids.job }]);
    expect((await under('alder', ids.grnt)).items).toMatchObject([{ id: ids.job }]);
    expect((await under('alder', absent.grnt)).items).toEqual([]);
    expect((await under('cedar', ids.modelGrant)).items).toEqual([]);
  });
});
