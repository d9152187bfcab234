import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { foundConsortium, keyPem } from '@d-cloud/network/admin';
import { cidOf, maxBlockBytes } from '@d-cloud/network/store';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { storedBlocks } from '../support/blocks.ts';
import { type Answer, type Exchange, type PeerIdentity, rawPeer } from '../support/exchange.ts';
import type { Network, OrganizationName } from '../support/network.ts';
import { photograph } from '../support/samples.ts';
import { publishFiles, registerDataset } from '../support/stories.ts';

/** Whoever is not a member, and members that ask for what is not theirs, at the listener between organizations. */
export function strangers(network: () => Network): void {
  let elsewhere: string;
  const other: PeerIdentity = {};
  let version: string;
  let dataset: string;
  /** A block of Alder's version on one of Cedar's storage nodes. */
  let block: { readonly cid: string; readonly node: string; readonly bytes: Buffer };

  const identity = async (organization: OrganizationName, name: string): Promise<PeerIdentity> => {
    const home = network().layout.ofOrganization(organization);
    return { cert: await readFile(home.tlsCertificate(name), 'utf8'), key: await readFile(home.tlsKey(name), 'utf8') };
  };

  beforeAll(async () => {
    elsewhere = await mkdtemp(join(tmpdir(), 'dcloud-elsewhere-'));
    const { members } = await foundConsortium({
      directory: elsewhere,
      channel: 'dcloud',
      now: new Date(),
      // The same names, so that only the authority differs.
      organizations: [{ name: 'alder', mspId: 'AlderMSP' }],
    });
    const gateway = members[0]!.identities.get('gateway')!;
    Object.assign(other, { cert: gateway.tls.certificate, key: keyPem(gateway.tls.key) });
    const before = await storedBlocks(network());
    ({ id: dataset } = await registerDataset(network().as('alder'), { title: 'Not for strangers' }));
    ({ id: version } = await publishFiles(network().as('alder'), dataset, [await photograph('fig.jpg')]));
    const cedars = network()
      .organization('cedar')
      .storageNodes.map(({ id }) => id);
    const [name, path] = [...(await storedBlocks(network()))].find(
      ([one]) => !before.has(one) && cedars.includes(one.split('/')[0]!),
    )!;
    const bytes = await readFile(path);
    block = { node: name.split('/')[0]!, cid: cidOf(bytes), bytes };
  }, 60_000);
  afterAll(() => rm(elsewhere, { recursive: true, force: true }));

  const get = (
    organization: OrganizationName,
    who: PeerIdentity,
    right: string,
    more: Exchange = {},
  ): Promise<Answer> =>
    rawPeer(network(), organization, `/v1/blocks/${block.cid}?node=${block.node}`, who, {
      ...more,
      headers: { 'd-cloud-right': right, ...more.headers },
    });

  describe('who has no certificate of the consortium', () => {
    test('gets no connection without one', async () => {
      await expect(rawPeer(network(), 'cedar', '/v1/peer/ready', {})).rejects.toThrow(
        /certificate|alert|socket|ECONNRESET/i,
      );
    });

    test('gets none with one of the same names by another authority', async () => {
      await expect(rawPeer(network(), 'cedar', '/v1/peer/ready', other)).rejects.toThrow(
        /unknown ca|alert|socket|ECONNRESET/i,
      );
    });

    test('gets none below TLS 1.3, and none in plain HTTP', async () => {
      const { peer } = network().credentials.organizations.cedar!;
      const { hostname, port } = new URL(peer);
      const who = await identity('birch', 'gateway');
      const outcome = await new Promise((resolve) => {
        const socket = connect({
          host: hostname,
          port: Number(port),
          ...who,
          rejectUnauthorized: false,
          maxVersion: 'TLSv1.2',
        });
        socket.once('secureConnect', () => resolve('connected')).once('error', () => resolve('refused'));
      });
      expect(outcome).toBe('refused');
      await expect(fetch(peer.replace('https', 'http'))).rejects.toThrow();
    });
  });

  describe('a member', () => {
    test('that has the right reads the block: the owner of its version', async () => {
      const answer = await get('cedar', await identity('alder', 'gateway'), `own ${version}`);
      expect(answer.status).toBe(200);
      expect(answer.body.equals(block.bytes)).toBe(true);
    });

    test.each([
      ['no right', ''],
      ['a right that is none', 'please'],
      ['a right to what it does not own', 'own VERSION'],
      ['a right to publish into another’s dataset', 'publish DATASET VERSION'],
      ['an access that is not there', `access accs_${'a'.repeat(26)}`],
      ['a claim that is not there', `claim job_${'a'.repeat(26)} 0 1`],
      ['a right with something behind it', 'own VERSION extra'],
      ['two rights', 'own VERSION, own VERSION'],
    ])('with %s gets the answer that it would get for a block that is not there', async (_, words) => {
      const who = await identity('birch', 'gateway');
      const right = words.replace('VERSION', version).replace('VERSION', version).replace('DATASET', dataset);
      const answers = [
        await get('cedar', who, right),
        await rawPeer(network(), 'cedar', `/v1/blocks/${cidOf(Buffer.from('absent'))}?node=${block.node}`, who, {
          headers: { 'd-cloud-right': right },
        }),
      ];
      expect(answers[0]).toMatchObject({ status: 404, code: 'NOT_FOUND' });
      expect(answers[0]!.body).toEqual(answers[1]!.body);
    });

    test('can neither remove nor overwrite another’s block', async () => {
      const who = await identity('birch', 'gateway');
      for (const right of [`own ${version}`, `publish ${dataset} ${version}`]) {
        expect((await get('cedar', who, right, { method: 'DELETE' })).status).toBe(404);
        const put = await get('cedar', who, right, {
          method: 'PUT',
          body: 'evil',
          headers: { 'd-cloud-version': version },
        });
        expect(put.status).toBe(404);
      }
      expect((await get('cedar', await identity('alder', 'gateway'), `own ${version}`)).status).toBe(200);
    });

    test('cannot put bytes under the name of others, nor more than a block may have', async () => {
      const own = await registerDataset(network().as('birch'), { title: 'Birch’s own' });
      const who = await identity('birch', 'gateway');
      const mine = `vers_${'c'.repeat(25)}a`;
      const headers = { 'd-cloud-right': `publish ${own.id} ${mine}`, 'd-cloud-version': mine };
      const put = (cid: string, body: string | Uint8Array) =>
        rawPeer(network(), 'cedar', `/v1/blocks/${cid}?node=${block.node}`, who, { method: 'PUT', headers, body });
      const bytes = Buffer.from('bytes of Birch');
      expect((await put(cidOf(bytes), bytes)).status).toBe(201);
      expect(await put(cidOf(Buffer.from('others')), bytes)).toMatchObject({ status: 422 });
      expect(await put(block.cid, bytes)).toMatchObject({ status: 409, code: 'BLOCK_TAKEN' });
      const large = Buffer.alloc(maxBlockBytes + 1);
      expect((await put(cidOf(large), large)).status).toBe(413);
      expect((await get('cedar', await identity('alder', 'gateway'), `own ${version}`)).status).toBe(200);
    });

    test.each([
      ['an identity CID', 'bafkqaaa'],
      ['a dag-pb CID', `bafybei${'a'.repeat(52)}`],
      ['a CIDv0', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWUU3kG'],
      ['a path', '..%2f..%2fconfig'],
      ['capitals', `BAFKREI${'A'.repeat(52)}`],
    ])('that asks for %s is refused before any node is asked', async (_, cid) => {
      const who = await identity('birch', 'gateway');
      const { status } = await rawPeer(network(), 'cedar', `/v1/blocks/${cid}?node=${block.node}`, who, {
        headers: { 'd-cloud-right': `own ${version}` },
      });
      expect([400, 404]).toContain(status);
    });

    test('that sends a heartbeat or a manifest for a claim that is not its own is refused', async () => {
      const who = await identity('alder', network().organization('alder').computeNodes[0]!.id);
      const beat = { job: `job_${'a'.repeat(26)}`, partition: 0, token: 1, rowsDone: 1, stage: 'rows' };
      const answer = await rawPeer(network(), 'birch', '/v1/heartbeats', who, {
        method: 'POST',
        body: JSON.stringify(beat),
      });
      expect([404, 409]).toContain(answer.status);
      const path = `/v1/partitions/job_${'a'.repeat(26)}/0/1/manifest`;
      const manifest = await rawPeer(network(), 'birch', path, who, {
        method: 'PUT',
        body: '{"manifest":"","envelope":""}',
      });
      expect([404, 409]).toContain(manifest.status);
    });

    test('that sends what is not JSON, or more, to the key service is told so', async () => {
      const who = await identity('birch', 'gateway');
      const send = (body: string) => rawPeer(network(), 'alder', '/v1/keys/release', who, { method: 'POST', body });
      for (const body of ['', '{', '{"kind":"claim"}', '{"kind":"access","access":"x"}', '{"kind":"everything"}'])
        expect([body, (await send(body)).status]).toEqual([body, 400]);
      expect((await send('x'.repeat(10_000))).status).toBe(413);
      expect((await send(JSON.stringify({ kind: 'access', access: `accs_${'a'.repeat(26)}` }))).status).toBe(404);
    });
  });
}
