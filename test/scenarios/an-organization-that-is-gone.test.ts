/** One of four organizations is gone for good: the others expel it, rebuild what lay on its nodes, and go on. */
import { type RestClient, signIn, type VersionView } from '@d-cloud/gateway/cli';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { admin, configOf, type Loose } from '../suites/admin/admins.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { photograph } from '../support/samples.ts';
import { contentDigests, entryDigests, publishFiles, registerDataset } from '../support/stories.ts';
import { until } from '../support/until.ts';

const within = 240_000;
const dogwood = 'DogwoodMSP';

let network: Network;
let version: VersionView;
let theirs: { readonly dataset: string; readonly grant: string };

const files = () => Promise.all(['rocket.jpg'].map(photograph));
const as = (organization: string, role = 'admin'): RestClient => signIn(network.credentials, organization, role);
const departure = (organization: string) => as(organization).call<Loose>('GET', `/admin/departures/${dogwood}`);
const expel = (organization: string) =>
  as(organization).call<Loose>('POST', `/admin/departures/${dogwood}`, {
    body: { reason: 'unreachable for a month', expel: true },
  });

beforeAll(async () => {
  network = await startNetwork([
    { name: 'alder', storageNodes: 3, computeNodes: 0 },
    { name: 'birch', storageNodes: 2, computeNodes: 0 },
    { name: 'cedar', storageNodes: 2, computeNodes: 0 },
    { name: 'dogwood', storageNodes: 2, computeNodes: 0 },
  ]);
  const alder = network.as('alder');
  const { id } = await registerDataset(alder);
  version = await until('a version to lie on dogwood’s nodes', async () => {
    const published = await publishFiles(alder, id, await files());
    const { fragments } = await alder.call<Loose>('GET', `/versions/${published.id}/storage`);
    return fragments.some((one: Loose) => one.organization === dogwood) && published;
  });
  const dataset = await registerDataset(as('dogwood'), { title: 'Dogwood’s letters' });
  const terms = { actions: ['read'], purposes: dataset.terms.purposes };
  const grant = await as('dogwood').call<Loose>('POST', '/grants', {
    body: { dataset: dataset.id, grantee: 'BirchMSP', terms },
  });
  theirs = { dataset: dataset.id, grant: grant.id };
  await until('birch to see its grant', () => as('birch').call('GET', `/grants/${grant.id}`));
  for (const process of ['gateway-dogwood', 'storage-dogwood']) await network.hold(process);
}, within);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

test('the others see what it would cost before they say anything', async () => {
  const { touches, left, steps } = await departure('alder');
  expect(left).toBe(false);
  const lying = touches.versions.find((one: Loose) => one.version === version.id);
  expect(lying).toMatchObject({ without: expect.stringMatching(/degraded|at-risk/) });
  expect(steps.find(({ step }: Loose) => step === 'nodes-left').remaining).toBe(2);
  expect((await departure('birch')).touches.unreadable).toMatchObject([
    { grant: theirs.grant, dataset: theirs.dataset, grantee: 'BirchMSP' },
  ]);
});

test('two of four do not expel it, three do; its rights and nodes have ended with that transaction', async () => {
  expect(await expel('alder')).toMatchObject({ left: false, expulsion: ['AlderMSP'] });
  expect(await expel('birch')).toMatchObject({ left: false, expulsion: ['AlderMSP', 'BirchMSP'] });
  expect((await as('birch').call<Loose>('GET', `/grants/${theirs.grant}`)).state).toBe('issued');
  expect(await expel('cedar')).toMatchObject({ left: true });
  await until('birch to see that the grant has ended', async () => {
    const { state, reason } = await as('birch').call<Loose>('GET', `/grants/${theirs.grant}`);
    return state === 'revoked' && reason === 'DogwoodMSP has left the consortium';
  });
  const { items } = await as('cedar', 'operator').call<Loose>('GET', '/storage-nodes');
  expect(items.filter((one: Loose) => one.organization === dogwood).map((one: Loose) => one.state)).toEqual([
    'left',
    'left',
  ]);
});

test(
  'what lay on its nodes is rebuilt from the other fragments, on the others’ nodes',
  async () => {
    const stored = await until(
      'the version to lie elsewhere',
      async () => {
        const storage = await network.as('alder').call<Loose>('GET', `/versions/${version.id}/storage`);
        return storage.fragments.every((one: Loose) => one.organization !== dogwood) && storage;
      },
      120_000,
    );
    expect(stored.reconstruction.anyMayLeave).toBe(true);
    expect(await contentDigests(network.as('alder'), version.id)).toEqual(entryDigests(await files()));
    const { steps } = await departure('alder');
    expect(steps.find(({ step }: Loose) => step === 'fragments-moved').remaining).toBe(0);
  },
  within,
);

test(
  'the others publish and read on, and the channel lets nobody go whose orderer they still count on',
  async () => {
    const birch = network.as('birch');
    const { id: dataset } = await registerDataset(birch, { title: 'Without Dogwood' });
    const published = await publishFiles(birch, dataset, await files());
    expect(await contentDigests(birch, published.id)).toEqual(entryDigests(await files()));
    const { fragments } = await birch.call<Loose>('GET', `/versions/${published.id}/storage`);
    expect(fragments.map((one: Loose) => one.organization)).not.toContain(dogwood);
    const removal = { kind: 'remove-organization', mspId: dogwood } as const;
    await expect(admin(network, 'cedar').propose(removal, 'Dogwood is gone')).rejects.toMatchObject({
      code: 'CHANGE_WRECKS_CHANNEL',
      message: expect.stringContaining('change the consenter first'),
    });
  },
  within,
);

test(
  'the others take it out step by step, each by the same request, made again until nothing is left',
  async () => {
    const advance = async (organization: string) =>
      (await as(organization).call<Loose>('POST', `/admin/departures/${dogwood}`, { body: { reason: 'it is gone' } }))
        .steps;
    const open = (steps: Loose) => steps.filter(({ remaining }: Loose) => remaining > 0).map(({ step }: Loose) => step);
    const waits = (steps: Loose, step: string) => steps.find((one: Loose) => one.step === step).awaited;
    const all = ['definitions-renewed', 'consenters-removed', 'removed-from-channel'];
    expect(open((await departure('alder')).steps)).toEqual(all);
    const first = await advance('alder');
    expect(open(first)).toEqual(all);
    // Cedar's request that expelled it went on with what comes after.
    const given = ['AlderMSP', 'CedarMSP'];
    expect(waits(first, 'definitions-renewed')).toMatchObject({ kind: 'approvals', given });
    expect(waits(first, 'consenters-removed')).toMatchObject({ kind: 'signatures', given });
    // Asked again it says the same: nothing is proposed twice.
    expect(waits(await advance('alder'), 'consenters-removed')).toEqual(waits(first, 'consenters-removed'));
    const last = await until('the first two steps to be done', async () => {
      const steps = await advance('birch');
      return open(steps).length === 1 && steps;
    });
    expect(waits(last, 'removed-from-channel')).toMatchObject({ kind: 'signatures', given: ['BirchMSP'] });
    await advance('alder');
    await until('the channel not to name it', async () => open(await advance('cedar')).length === 0);
    const { groups } = (await configOf(network, 'cedar')).groups.Application;
    expect(Object.keys(groups).sort()).toEqual(['AlderMSP', 'BirchMSP', 'CedarMSP']);
    const { inForce } = await admin(network, 'alder').get(`/channels/${network.credentials.channel}/chaincodes`);
    expect(inForce[0].collections[0].members).not.toContain(dogwood);
    // What it was in is not shut: its grants' and the others' records can be written on.
    const birch = network.as('birch');
    const { id } = await registerDataset(birch, { title: 'After Dogwood' });
    expect(await contentDigests(birch, (await publishFiles(birch, id, await files())).id)).toEqual(
      entryDigests(await files()),
    );
  },
  within,
);
