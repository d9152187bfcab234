import { randomInt, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSupervisor, stopSupervisor } from '@d-cloud/gateway/supervisor';
import { connectLedger } from '@d-cloud/network/ledger';
import { expect, test } from '@jest/globals';
import { until } from '../../support/until.ts';
import { admin, carry, configOf, type Loose, type Stage } from './admins.ts';

export function certificateStories(stage: Stage): void {
  const as = (organization: 'alder' | 'birch' | 'cedar') => admin(stage(), organization);

  test('every certificate is listed with its end, the orderers of all organizations included', async () => {
    const { certificates } = await as('alder').get('/certificates');
    const holders = certificates.map(({ organization, holder }: Loose) => `${organization} ${holder}`);
    expect(holders).toEqual(
      expect.arrayContaining([
        'AlderMSP admin',
        'AlderMSP peer (TLS)',
        'AlderMSP authority',
        'CedarMSP authority (TLS)',
      ]),
    );
    expect(holders.filter((one: string) => /orderer.*\(TLS\)/.test(one))).toHaveLength(3);
    expect(certificates.every(({ daysLeft }: Loose) => daysLeft > 90)).toBe(true);
    const ends = certificates.map(({ notAfter }: Loose) => Date.parse(notAfter));
    expect(ends).toEqual(ends.toSorted((a: number, b: number) => a - b));
  });

  test('one that ends soon is warned of, and renewed for the same key', async () => {
    await as('alder').post('/certificates', { name: 'brief', role: 'client', days: 20 });
    const listed = async () =>
      (await as('alder').get('/certificates')).certificates.find(({ holder }: Loose) => holder === 'brief');
    expect(await listed()).toMatchObject({ warning: '30 days' });
    const renewed = await as('alder').post('/certificates/brief/renew', {});
    expect((await listed()).warning).toBeUndefined();
    expect(new X509Certificate(renewed.certificate).subject).toContain('brief');
    await expect(as('alder').post('/certificates', { name: 'brief', role: 'client' })).rejects.toMatchObject({
      message: expect.stringContaining('already'),
    });
    await expect(as('alder').post('/certificates', { name: '../x', role: 'client' })).rejects.toMatchObject({
      status: 400,
    });
  });

  test('a revoked identity is refused by every peer from that block on', async () => {
    const network = stage();
    const name = `leaver-${randomInt(1e6)}`;
    const identity = await as('birch').post('/certificates', {
      name,
      role: 'client',
      attributes: { 'dcloud.role': 'data-team' },
    });
    const home = network.layout.ofOrganization('birch');
    const peers = await Promise.all(
      (['birch', 'cedar'] as const).map(async (name) => {
        const config = JSON.parse(await readFile(network.layout.ofOrganization(name).gatewayConfig, 'utf8'));
        return {
          address: config.ledger.address as string,
          root: await readFile(network.layout.ofOrganization(name).tlsRoot, 'utf8'),
        };
      }),
    );
    const privateKey = await readFile(home.key(name), 'utf8');
    const ask = async ({ address, root }: (typeof peers)[number]) => {
      await using ledger = connectLedger({
        peerAddress: address,
        tlsRoots: [root],
        identity: { mspId: 'BirchMSP', certificate: identity.certificate, privateKey },
        channel: network.credentials.channel,
        chaincode: 'dcloud',
        readRefusal: () => undefined,
      });
      return await ledger.evaluate('org.hyperledger.fabric:GetMetadata', []);
    };
    for (const peer of peers) await ask(peer);
    const { changes } = await as('birch').post(`/certificates/${name}/revoke`);
    expect(changes).toContainEqual(
      expect.objectContaining({ channel: network.credentials.channel, state: 'in-force' }),
    );
    expect(changes.every(({ state }: Loose) => state === 'in-force')).toBe(true);
    for (const peer of peers) {
      await until(
        'the peer to refuse',
        () =>
          ask(peer).then(
            () => false,
            () => true,
          ),
        20_000,
      );
    }
    const { values } = (await configOf(network, 'cedar')).groups.Application.groups.BirchMSP;
    expect(values.MSP.value.revocationLists).toHaveLength(1);
  });

  test('the last admin, and the one that signs, are not revoked', async () => {
    await expect(as('cedar').post('/certificates/admin/revoke')).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('the admin that this gateway signs with'),
    });
  });

  test('an organization shows of itself what others need to take it in, and no key', async () => {
    const bundle = await as('cedar').get('/organization');
    expect(bundle).toMatchObject({
      mspId: 'CedarMSP',
      roots: { rootCertificate: expect.stringContaining('BEGIN CERTIFICATE') },
    });
    expect(JSON.stringify(bundle)).not.toContain('PRIVATE');
    const { members } = await as('cedar').get(`/channels/${stage().credentials.channel}/members`);
    expect(members).toMatchObject([
      { mspId: 'AlderMSP', application: true, gateway: 'answers' },
      { mspId: 'BirchMSP', gateway: 'answers' },
      { mspId: 'CedarMSP', gateway: 'own' },
    ]);
    const { rootCertificate } = bundle.roots;
    const own = await readFile(join(stage().directory, 'organizations', 'cedar', 'msp', 'cacerts', 'ca.pem'), 'utf8');
    expect(rootCertificate).toBe(own);
  });

  test('an organization goes over to another authority while the others work on', async () => {
    const network = stage();
    const announced = await as('birch').post('/authorities/signing/announce');
    expect(announced.changes.every(({ state }: Loose) => state === 'in-force')).toBe(true);
    await as('birch').post('/authorities/signing/change');
    await expect(as('birch').post('/authorities/signing/retire')).rejects.toMatchObject({
      message: expect.stringContaining('start it, the peers and the orderer again first'),
    });
    await stopSupervisor(network.directory);
    await startSupervisor(network.directory, { onStep: () => undefined, withinMs: 150_000 });
    await until('its gateway to know the ledger', () => as('birch').get('/channels'), 60_000);
    const retired = await until('the last step', () => as('birch').post('/authorities/signing/retire'), 60_000);
    expect(retired.changes.at(-1)).toMatchObject({ state: 'in-force' });
    const { values } = (await configOf(network, 'birch')).groups.Application.groups.BirchMSP;
    expect(values.MSP.value.rootCertificates).toHaveLength(1);
    const { id } = await as('birch').propose({ kind: 'set-batch', maxMessageCount: 450 }, 'under the new authority');
    const carried = await until('the new admin to count', () => carry(network, id, ['birch', 'alder']), 60_000);
    expect(carried).toMatchObject({ state: 'in-force' });
  }, 240_000);
}
