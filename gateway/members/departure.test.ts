/** Organizations that leave, told at their gateways: previewed, advanced step by step, and what the others see of it. */
import { randomUUID } from 'node:crypto';
import { idFrom, type MspId, type SubmitName, type Submits, sha256, type VersionId } from '@d-cloud/chaincode/domain';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { InProcessChannel, type Loose, TestGateway } from '../testing/index.ts';

const research = 'dpv:AcademicResearch';
const version = idFrom('vers', new Uint8Array(16).fill(7));

let channel: InProcessChannel;
let alder: TestGateway;
let birch: TestGateway;
let cedar: TestGateway;
/** Versions of others that lie on alder's storage nodes. */
let held: VersionId[];

async function member(name: string, at: number): Promise<TestGateway> {
  const custody = { heldOn: () => held, storageOf: () => storageOfVersion };
  const openBytes = async () => ({
    powers: { custody } as never,
    probes: [],
    peerAddress: undefined,
    agreementKey: undefined,
    async [Symbol.asyncDispose]() {},
  });
  const gateway = await new TestGateway(channel, name, { openBytes }).start();
  const body = {
    name,
    gatewayAddress: `https://127.0.0.1:${9_000 + at}`,
    agreementKey: Buffer.alloc(32, at + 1).toString('base64'),
  };
  await submit(gateway, 'organization:register', body);
  return gateway;
}
/** What the gateway itself submits. */
async function submit<N extends SubmitName>(gateway: TestGateway, name: N, body: Submits[N]['body']): Promise<void> {
  const stamp = { key: randomUUID(), person: sha256('gateway'), digest: sha256(name) };
  await gateway.gateway.services.ledger.submit(name, body, stamp);
}
const fragment = (organization: string) => ({ organization });
/** 4 of 7, three of the seven on alder's nodes. */
const storageOfVersion = {
  k: 4,
  n: 7,
  intact: 7,
  fragments: ['AlderMSP', 'AlderMSP', 'AlderMSP', 'BirchMSP', 'BirchMSP', 'CedarMSP', 'CedarMSP'].map(fragment),
};

beforeEach(async () => {
  channel = new InProcessChannel();
  held = [];
  [alder, birch, cedar] = await Promise.all([member('alder', 0), member('birch', 1), member('cedar', 2)]);
  await call(cedar, 'PUT', '/purposes', { purposes: [{ id: research, label: 'Research' }] });
});
afterEach(async () => {
  for (const gateway of [alder, birch, cedar]) await gateway[Symbol.asyncDispose]();
});

async function call(gateway: TestGateway, method: string, path: string, body?: object): Promise<Loose> {
  await gateway.gateway.services.readModel.waitFor(channel.blocks.length - 1);
  const answer = await gateway.call(method, `/v1${path}`, { role: 'admin', ...(body && { body }) });
  if (answer.status >= 400) throw new Error(`${answer.status} ${answer.body.code}`);
  return answer.body;
}
const dataset = (gateway: TestGateway, title: string) =>
  call(gateway, 'POST', '/datasets', {
    title,
    licence: 'CC0-1.0',
    modality: 'images',
    terms: { access: 'granted', purposes: [research] },
  });
const grant = (gateway: TestGateway, of: string, grantee: string) =>
  call(gateway, 'POST', '/grants', { dataset: of, grantee, terms: { actions: ['read'], purposes: [research] } });
const remaining = ({ steps }: Loose) =>
  Object.fromEntries(steps.map(({ step, remaining: left }: Loose) => [step, left])) as Record<string, number>;
const look = (gateway: TestGateway, mspId = 'AlderMSP') => call(gateway, 'GET', `/admin/departures/${mspId}`);
const advance = (gateway: TestGateway, more: object = {}, mspId = 'AlderMSP') =>
  call(gateway, 'POST', `/admin/departures/${mspId}`, { reason: 'the project ended', ...more });

describe('an organization that leaves by itself', () => {
  test('is shown what its leaving touches before anything is done', async () => {
    const photographs = await dataset(alder, 'Photographs');
    const letters = await dataset(birch, 'Letters');
    await grant(alder, photographs.id, 'BirchMSP');
    await grant(birch, letters.id, 'AlderMSP');
    await call(alder, 'POST', '/storage-nodes', { host: 'h', disk: 'd', capacityBytes: '1' });
    const before = channel.blocks.length;
    const departure = await look(alder);
    expect(departure).toMatchObject({
      own: true,
      left: false,
      touches: {
        grantsGiven: 1,
        grantsHeld: 1,
        storageNodes: 1,
        unreadable: [{ dataset: photographs.id, title: 'Photographs', grantee: 'BirchMSP' }],
      },
    });
    expect(remaining(departure)).toMatchObject({ 'nodes-drained': 1, 'grants-closed': 1, 'nodes-left': 1, left: 1 });
    expect(channel.blocks).toHaveLength(before);
  });

  test('drains, closes, waits for the others’ fragments, and goes; asked again at any point, it goes on', async () => {
    const photographs = await dataset(alder, 'Photographs');
    const given = await grant(alder, photographs.id, 'BirchMSP');
    const node = await call(alder, 'POST', '/storage-nodes', { host: 'h', disk: 'd', capacityBytes: '1' });
    held = [version];
    const waiting = await advance(alder);
    expect(remaining(waiting)).toMatchObject({ 'nodes-drained': 0, 'grants-closed': 0, 'fragments-moved': 1, left: 1 });
    expect((await call(birch, 'GET', `/grants/${given.id}`)).state).toBe('revoked');
    const before = channel.blocks.length;
    expect((await advance(alder)).left).toBe(false);
    expect(channel.blocks).toHaveLength(before);
    held = [];
    expect(await advance(alder)).toMatchObject({ left: true });
    expect((await call(birch, 'GET', '/storage-nodes')).items).toMatchObject([{ id: node.id, state: 'left' }]);
    expect(remaining(await look(birch))).toMatchObject({ 'nodes-left': 0, left: 0 });
    const { items } = await call(birch, 'GET', '/organizations');
    expect(items[0]).toMatchObject({ mspId: 'AlderMSP', left: { reason: 'the project ended', by: ['AlderMSP'] } });
    await expect(dataset(alder, 'More')).rejects.toThrow('403 ORGANIZATION_LEFT');
    expect((await advance(alder)).left).toBe(true);
  });

  test('may abandon what still lies on its nodes, when it says so', async () => {
    await call(alder, 'POST', '/storage-nodes', { host: 'h', disk: 'd', capacityBytes: '1' });
    held = [version];
    expect((await advance(alder)).left).toBe(false);
    expect((await advance(alder, { abandon: true })).left).toBe(true);
  });

  test('is left alone by people who are no admins', async () => {
    const body = { reason: 'x' };
    for (const role of ['data-team', 'operator', 'compliance', 'model-owner'] as const) {
      const answer = await alder.call('POST', '/v1/admin/departures/AlderMSP', { role, body });
      expect(answer).toMatchObject({ status: 403, body: { code: 'SCOPE_MISSING' } });
    }
  });
});

describe('the others', () => {
  test('close what they gave it, and are told how their versions would be stored without it', async () => {
    const letters = await dataset(birch, 'Letters');
    const given = await grant(birch, letters.id, 'AlderMSP');
    const kept = await grant(birch, letters.id, 'CedarMSP');
    const hash = sha256('');
    await submit(birch, 'dataset:publishVersion', {
      id: version,
      dataset: letters.id,
      manifestCommitment: hash,
      contentRoot: hash,
      schemaHash: hash,
      rows: 1,
      segmentRows: [1],
      sizeClass: '1',
      epoch: 1,
      parents: [],
    });
    expect((await look(birch)).touches.versions).toEqual([{ version, fragments: 3, without: 'at-risk' }]);
    expect((await look(birch, 'CedarMSP')).touches.versions).toEqual([{ version, fragments: 2, without: 'degraded' }]);
    const departure = await advance(birch);
    expect(departure).toMatchObject({ own: false, left: false });
    expect(remaining(departure)['grants-closed']).toBe(0);
    expect((await call(birch, 'GET', `/grants/${given.id}`)).state).toBe('revoked');
    expect((await call(birch, 'GET', `/grants/${kept.id}`)).state).toBe('issued');
    // Nothing of alder's own was done for it.
    expect((await look(alder)).left).toBe(false);
  });

  test('expel one that is gone, by more than half of all', async () => {
    const photographs = await dataset(alder, 'Photographs');
    const given = await grant(alder, photographs.id, 'BirchMSP');
    expect(await advance(birch, { expel: true })).toMatchObject({ left: false, expulsion: ['BirchMSP'] });
    // Asked again, it says the same and no more.
    expect(await advance(birch, { expel: true })).toMatchObject({ expulsion: ['BirchMSP'] });
    expect(await advance(cedar, { expel: true })).toMatchObject({ left: true });
    expect((await call(birch, 'GET', `/grants/${given.id}`)).state).toBe('revoked');
    await expect(advance(alder, { expel: true })).rejects.toThrow('409 STATE_CONFLICT');
  });

  test('are told of no organization that never registered', async () => {
    await expect(look(birch, 'ElderMSP' as MspId)).rejects.toThrow('404 ORGANIZATION_NOT_FOUND');
    await expect(advance(birch, {}, 'ElderMSP')).rejects.toThrow('404 ORGANIZATION_NOT_FOUND');
  });
});
