/** A fourth organization joins a consortium that runs, works in it, and leaves again, on real Fabric and Kubo; nobody else is restarted. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import {
  type Credentials,
  type DatasetView,
  type RestClient,
  readCredentials,
  signIn,
  type VersionView,
} from '@d-cloud/gateway/cli';
import {
  acceptConfigBlock,
  foundAlone,
  keepDescription,
  layoutOf,
  planDirectory,
  readState,
  readWanted,
  startSupervisor,
} from '@d-cloud/gateway/supervisor';
import { fetchBlock, ordererEndpoints, readChannelConfig } from '@d-cloud/network/admin';
import { openConnection, signatory } from '@d-cloud/network/ledger';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { admin, carry, configOf, type Loose } from '../suites/admin/admins.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { photograph } from '../support/samples.ts';
import { type Scratch, scratch } from '../support/scratch.ts';
import {
  contentDigests,
  entryDigests,
  jobEnd,
  publishFiles,
  publishModel,
  registerDataset,
  requestJob,
  research,
} from '../support/stories.ts';
import { until } from '../support/until.ts';
import { realPrograms } from './found-programs.ts';

const founders = ['alder', 'birch', 'cedar'] as const;
const dogwood = 'DogwoodMSP';
const whole = realPrograms.ipfs && realPrograms.fabrics['Fabric 2.5'] !== undefined;
const within = 300_000;

let network: Network;
let home: Scratch;
let credentials: Credentials;
/** Process ids of the founders' programs, which stay the same all the way. */
let before: Loose;
let model: string;
let photographs: { dataset: DatasetView; version: VersionView };
let channel: string;

const as = (role: 'data-team' | 'admin') => signIn(credentials, 'dogwood', role);
const files = () => Promise.all(['rocket.jpg'].map(photograph));
const pids = async () => ((await readState(network.directory))?.processes ?? []).map(({ name, pid }) => [name, pid]);
const placesOf = async (rest: RestClient, version: string) =>
  (await rest.call<Loose>('GET', `/versions/${version}/storage`)).fragments.map((one: Loose) => one.organization);

async function publish(rest: RestClient, title: string) {
  const dataset = await registerDataset(rest, { title });
  return { dataset, version: await publishFiles(rest, dataset.id, await files()) };
}

/** Puts the chaincode in force once more, its catalogue kept by these members. */
async function catalogueOf(members: readonly string[]): Promise<Loose> {
  const at = `/channels/${channel}/chaincodes`;
  const { inForce, installed } = await admin(network, 'cedar').get(at);
  const [{ version, collections }] = inForce;
  const wanted = { version, label: installed[0].label, collections: [{ ...collections[0], members }] };
  await admin(network, 'cedar').post(`${at}/dcloud`, wanted);
  for (const name of ['alder', 'birch'] as const)
    await admin(network, name).post(`${at}/dcloud/approve`, { proposer: 'CedarMSP' });
  return admin(network, 'cedar').post(`${at}/dcloud/commit`, {});
}

/** Which groups can stop a change of the application's members. */
async function blockers(change?: string): Promise<Loose> {
  const { policies } = await admin(network, 'alder').get(
    `/channels/${channel}/powers${change === undefined ? '' : `?change=${change}`}`,
  );
  return policies.find(({ path }: Loose) => path === '/Channel/Application/Admins');
}

const grantTo = async (organization: 'alder', grantee: string, executors: readonly string[]) => {
  const terms = { actions: ['use', 'read'], purposes: [research], models: [model], executors };
  const body = { dataset: photographs.dataset.id, grantee, terms };
  return network.as(organization).call<Loose>('POST', '/grants', { body });
};

(whole ? describe : describe.skip)('an organization that joins and leaves', () => {
  beforeAll(async () => {
    network = await startNetwork();
    channel = network.credentials.channel;
    home = await scratch();
    model = await publishModel(network, 'classifier');
    before = await pids();
  }, within);
  afterAll(async () => {
    await home?.[Symbol.asyncDispose]();
    await network?.[Symbol.asyncDispose]();
  }, 120_000);

  test(
    'is proposed with what it does to every policy, signed by a majority, and taken in',
    async () => {
      const binaries = (network.description.ledger as { binaries?: string }).binaries;
      const wanted = readWanted(
        JSON.stringify({
          network: 'real',
          ...(binaries !== undefined && { binaries }),
          joins: true,
          organizations: [{ name: 'dogwood', orderers: 0, storageNodes: 2, computeNodes: 1 }],
        }),
        'dogwood.json',
      );
      const { planned } = await planDirectory(home.directory, { wanted });
      await keepDescription(home.directory, planned);
      const bundle = JSON.parse(
        await readFile(await foundAlone(home.directory, planned, { now: new Date(), fabric: '2.5' }), 'utf8'),
      );
      expect((await blockers()).before.block).toHaveLength(3);
      const edit = {
        kind: 'add-organization',
        mspId: dogwood,
        roots: bundle.roots,
        anchorPeers: bundle.peers,
      } as const;
      const { id } = await admin(network, 'alder').propose(edit, 'Dogwood joins');
      // Of four, three decide and two can stop them: told before anybody signs.
      const { after, changed } = await blockers(id);
      expect(changed).toBe(true);
      expect(after.approve).toContainEqual(['AlderMSP', 'BirchMSP', 'CedarMSP']);
      expect(after.block).toHaveLength(6);
      await expect(admin(network, 'alder').post(`/changes/${id}/submit`)).rejects.toMatchObject({
        code: 'SIGNATURES_MISSING',
      });
      expect(await carry(network, id, ['alder', 'birch'])).toMatchObject({ state: 'in-force' });
      await until('cedar to see it', async () =>
        Object.hasOwn((await configOf(network, 'cedar')).groups.Application.groups, dogwood),
      );
      expect((await blockers()).before.block).toEqual(after.block);
      expect((await catalogueOf(['AlderMSP', 'BirchMSP', 'CedarMSP', dogwood])).collections[0].members).toContain(
        dogwood,
      );
    },
    within,
  );

  test(
    'starts its own programs, registers itself and its nodes, and finds what was there before',
    async () => {
      const { block } = await admin(network, 'birch').get(`/channels/${channel}/config-block`);
      await acceptConfigBlock(home.directory, Buffer.from(block, 'base64'));
      await startSupervisor(home.directory, { onStep: () => undefined, withinMs: 150_000 });
      credentials = await readCredentials(home.directory);
      for (const name of founders) {
        await until(`${name} to know dogwood`, async () => {
          const { items } = await network.as(name).call<Loose>('GET', '/organizations');
          return items.some(({ mspId }: Loose) => mspId === dogwood);
        });
      }
      const { items } = await as('data-team').call<Loose>('GET', '/models');
      expect(items.map(({ id }: Loose) => id)).toContain(model);
      expect(await pids()).toEqual(before);
    },
    within,
  );

  test(
    'publishes, is granted, runs and reads, with its storage and compute among the others’',
    async () => {
      const own = await publish(as('data-team'), 'Dogwood’s photographs');
      expect(new Set(await placesOf(as('data-team'), own.version.id)).size).toBeGreaterThan(2);
      expect(await contentDigests(as('data-team'), own.version.id)).toEqual(entryDigests(await files()));

      photographs = await publish(network.as('alder'), 'Alder’s photographs');
      const grant = await grantTo('alder', dogwood, ['AlderMSP', 'CedarMSP', dogwood]);
      await until('dogwood to see its grant', () => as('data-team').call('GET', `/grants/${grant.id}`));
      const job = await requestJob(as('data-team'), { version: photographs.version.id, model, grant: grant.id });
      expect(await jobEnd(as('data-team'), job.id)).toMatchObject({ state: 'succeeded' });
      // Its catalogue reached the others' search through the collection that names it.
      await until('alder to find the photographs', async () => {
        const { items } = await network.as('alder').call<Loose>('GET', '/datasets?query=dogwood');
        return items.some(({ id }: Loose) => id === own.dataset.id);
      });
    },
    within,
  );

  test(
    'leaves: its nodes are drained, what others keep there is moved, rights end, and it goes by the ledger',
    async () => {
      // What lies on its nodes: seven of nine nodes hold each version, so several tries find one that does.
      const { version } = await until('a version to lie on dogwood’s nodes', async () => {
        const published = await publish(network.as('alder'), 'Some more');
        return (await placesOf(network.as('alder'), published.version.id)).includes(dogwood) && published;
      });
      const preview = await network.as('alder', 'admin').call<Loose>('GET', `/admin/departures/${dogwood}`);
      expect(preview.touches.versions.map((one: Loose) => one.version)).toContain(version.id);
      const advance = (rest: RestClient) =>
        rest.call<Loose>('POST', `/admin/departures/${dogwood}`, { body: { reason: 'the project ended' } });
      for (const name of founders) await advance(network.as(name, 'admin'));
      await until('dogwood to have left', async () => (await advance(as('admin'))).left, 200_000);
      const places = await placesOf(network.as('alder'), version.id);
      expect(places).not.toContain(dogwood);
      expect(await contentDigests(network.as('alder'), version.id)).toEqual(entryDigests(await files()));
      const { items } = await network.as('alder').call<Loose>('GET', '/grants');
      expect(items.filter(({ grantee, state }: Loose) => grantee === dogwood && state === 'issued')).toEqual([]);
      await expect(registerDataset(as('data-team'))).rejects.toMatchObject({ code: 'ORGANIZATION_LEFT' });
    },
    within,
  );

  test(
    'is taken out of the catalogue and of the channel: it gets no block and no answer any more, and the others go on',
    async () => {
      // Each member asks for it once it has left, again and again, until nothing is left of it.
      const advance = async (name: (typeof founders)[number]) =>
        network.as(name, 'admin').call<Loose>('POST', `/admin/departures/${dogwood}`, { body: { reason: 'it left' } });
      await until('the channel not to name it', async () => {
        const departures = [await advance('cedar'), await advance('birch'), await advance('alder')];
        return departures.every(({ steps }) => steps.every(({ remaining }: Loose) => remaining === 0));
      });
      const { inForce } = await admin(network, 'cedar').get(`/channels/${channel}/chaincodes`);
      expect(inForce[0].collections[0].members).not.toContain(dogwood);
      await until('all to have followed', async () => {
        const departures = await Promise.all(
          founders.map((name) => network.as(name, 'admin').call<Loose>('GET', `/admin/departures/${dogwood}`)),
        );
        return departures.every(({ steps }) => steps.at(-1).remaining === 0);
      });
      expect((await blockers()).before.block).toHaveLength(3);

      const identity = layoutOf(home.directory).ofOrganization('dogwood');
      const [certificate, privateKey] = await Promise.all(
        [identity.certificate('admin'), identity.key('admin')].map((path) => readFile(path, 'utf8')),
      );
      const { block } = await admin(network, 'alder').get(`/channels/${channel}/config-block`);
      const [orderer] = ordererEndpoints(readChannelConfig(Buffer.from(block, 'base64')));
      const client = openConnection({ address: orderer!.address, tlsRoots: orderer!.tlsRoots });
      try {
        const asking = {
          client,
          signatory: signatory({ mspId: dogwood, certificate: certificate!, privateKey: privateKey! }),
        };
        await expect(fetchBlock({ ...asking, name: 'an orderer' }, channel, 'newest')).rejects.toThrow('FORBIDDEN');
      } finally {
        client.close();
      }
      expect(await knocks(network.credentials.organizations.alder!.peer)).toBe('refused');

      const after = await publish(network.as('birch'), 'Without Dogwood');
      expect(await contentDigests(network.as('birch'), after.version.id)).toEqual(entryDigests(await files()));
      const grant = await grantTo('alder', 'BirchMSP', ['AlderMSP', 'CedarMSP']);
      await until('birch to see its grant', () => network.as('birch').call('GET', `/grants/${grant.id}`));
      const job = await requestJob(network.as('birch'), {
        version: photographs.version.id,
        model,
        grant: grant.id,
      });
      expect(await jobEnd(network.as('birch'), job.id)).toMatchObject({ state: 'succeeded' });
      const { block: theirs } = await as('data-team').call<Loose>('GET', '/datasets?limit=1');
      const { block: ours } = await network.as('birch').call<Loose>('GET', '/datasets?limit=1');
      expect(theirs).toBeLessThan(ours);
      expect(await pids()).toEqual(before);
    },
    within,
  );
});

/** Dogwood's gateway asks another organization's, with the certificate that was good before. */
async function knocks(address: string): Promise<'answered' | 'refused'> {
  const own = layoutOf(home.directory).ofOrganization('dogwood');
  const [cert, key, ca] = await Promise.all([
    readFile(own.tlsCertificate('gateway')),
    readFile(own.tlsKey('gateway')),
    readFile(network.layout.ofOrganization('alder').tlsRoot),
  ]);
  const { promise, resolve } = Promise.withResolvers<'answered' | 'refused'>();
  const asked = request(new URL('/v1/ready', address), { cert, key, ca, agent: false }, (answer) => {
    answer.resume();
    resolve(answer.statusCode === 401 ? 'refused' : 'answered');
  });
  asked.once('error', () => resolve('refused'));
  asked.end();
  return promise;
}
