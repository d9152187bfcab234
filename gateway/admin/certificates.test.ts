import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MspId } from '@d-cloud/chaincode/domain';
import { type Consortium, foundConsortium, openIdentity, readChannelConfig, signUpdate } from '@d-cloud/network/admin';
import { signatory } from '@d-cloud/network/ledger';
import { OfflineOrdering } from '@d-cloud/network/ledger/doubles';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { GatewayConfig } from '../config.ts';
import { CertificateWatch, endingSoon } from './certificate-watch.ts';
import { Certificates } from './certificates.ts';
import { ChangeStore } from './change-store.ts';
import { Changes } from './changes.ts';
import type { FabricAccess } from './consortium-access.ts';

const founded = new Date('2026-11-22T12:00:00Z');
const dayMs = 24 * 3_600_000;
const mspId = 'AlderMSP' as MspId;
let directory: string;
let consortium: Consortium;
let ordering: OfflineOrdering;
let store: ChangeStore;
let now: Date;

beforeEach(async () => {
  now = founded;
  directory = await mkdtemp(join(tmpdir(), 'gateway-certificates-'));
  const organizations = ['Alder', 'Birch'].map((name) => ({ name: name.toLowerCase(), mspId: `${name}MSP` }));
  consortium = await foundConsortium({ directory, channel: 'dcloud', organizations, now });
  ordering = new OfflineOrdering(consortium.genesisBlock, signatoryOf('orderer'));
  store = new ChangeStore(':memory:');
});
afterEach(async () => {
  store[Symbol.dispose]();
  await rm(directory, { recursive: true });
});

const own = () => consortium.members[0]!;

function signatoryOf(name: string) {
  const { certificate, key } = own().identities.get(name)!.signer;
  return signatory({ mspId, certificate, privateKey: key });
}

function accessOf(admin = 'admin'): FabricAccess {
  return {
    admin: signatoryOf(admin),
    configBlock: async () => ordering.newest,
    orderedConfigBlock: async () => ordering.newest,
    configBlockBefore: async (_: string, block: Uint8Array) =>
      ordering.blocks[readChannelConfig(block).blockNumber - 1],
    answeringOrderers: async (_: string, addresses: readonly string[]) => addresses,
    order: async (_: string, envelope: Uint8Array) => ordering.order(envelope),
  } as unknown as FabricAccess;
}

function changes(access = accessOf()): Changes {
  const clock = { now: () => now };
  const others = { places: () => [] } as never;
  const log = pino({ level: 'silent' });
  return new Changes({ organization: mspId, access, store, others, fabricVersion: '2.5', clock, log });
}

/** Alder's certificates, as its gateway sees them; without its directory it is a gateway on another machine. */
function certificates(options: { readonly away?: boolean; readonly admin?: string } = {}): Certificates {
  const access = accessOf(options.admin);
  const pair = (name: string) => {
    const { mspDirectory } = own().identities.get(name)!;
    return { certificate: join(mspDirectory, 'signcerts', 'cert.pem'), key: '' };
  };
  const tls = { certificate: join(own().identities.get('gateway')!.tlsDirectory, 'cert.pem'), key: '' };
  const config = {
    organization: { mspId },
    channel: 'dcloud',
    ledger: { identities: { gateway: pair('gateway') } },
    peer: { tls },
    admin: {
      identity: pair('admin'),
      tls,
      ...(options.away ? {} : { organizationDirectory: own().organization.directory }),
    },
  } as unknown as GatewayConfig;
  return new Certificates({ organization: mspId, config, access, changes: changes(access), clock: { now: () => now } });
}

const inForce = () => readChannelConfig(ordering.newest).applicationMsps.get(mspId)!;

describe("an organization's certificates", () => {
  test('are all listed, with the authorities and orderers of the others that it depends on', async () => {
    const listed = (await certificates().list()).map(({ organization, holder }) => `${organization} ${holder}`);
    expect(listed).toEqual(
      expect.arrayContaining([
        'AlderMSP peer',
        'AlderMSP orderer (TLS)',
        'BirchMSP authority',
        'BirchMSP orderer localhost:7051 (TLS)',
      ]),
    );
    expect(new Set(listed).size).toBe(listed.length);
  });

  test('are those that the gateway is told of, where the authority is on another machine', async () => {
    const away = certificates({ away: true });
    const listed = (await away.list()).filter(({ organization }) => organization === mspId).map(({ holder }) => holder);
    expect(listed).toEqual(expect.arrayContaining(['gateway', 'admin', 'authority', 'orderer localhost:7050 (TLS)']));
    await expect(away.issue({ name: 'new', role: 'client' })).rejects.toThrow('do this where its keys lie');
  });

  test.each([
    [250, undefined, 0],
    [280, '90 days', 0],
    [340, '30 days', 0],
    [360, '7 days', 1],
    [366, 'expired', 1],
  ] as const)('after %d days are warned of with %s', async (days, warning, loud) => {
    now = new Date(founded.getTime() + days * dayMs);
    const said: string[] = [];
    const log = { warn: () => said.push('warn'), error: () => said.push('error') } as never;
    using watch = new CertificateWatch(certificates(), log);
    const ending = await watch.look();
    expect(ending.find(({ holder }) => holder === 'peer (TLS)')?.warning).toBe(warning);
    expect(said).toHaveLength(ending.length);
    expect(said.includes('error')).toBe(loud === 1);
    const told = endingSoon(await certificates().list());
    if (warning === undefined) expect(told).toBeUndefined();
    else expect(told).toMatch(warning === 'expired' ? /has ended, and \d+ more/ : `ends in ${365 - days} days, and`);
  });

  test('renewed ones hold longer for the same key', async () => {
    now = new Date(founded.getTime() + 300 * dayMs);
    await certificates().renew('orderer', 400);
    const listed = await certificates().list();
    expect(listed.find(({ holder }) => holder === 'orderer (TLS)')).toMatchObject({ daysLeft: 400 });
    expect(listed.find(({ holder }) => holder === 'peer (TLS)')).toMatchObject({ daysLeft: 65 });
  });
});

describe('revoking', () => {
  test('puts the list into the configuration at once; a second one holds both', async () => {
    for (const name of ['one', 'two']) await certificates().issue({ name, role: 'client' });
    expect(await certificates().revoke('one')).toMatchObject({ state: 'in-force', block: 1 });
    expect(await certificates().revoke('two')).toMatchObject({ state: 'in-force', block: 2 });
    expect(inForce().revocationLists).toHaveLength(1);
    await expect(certificates().revoke('nobody')).rejects.toThrow('nobody');
  });

  test('is refused for the admin that the gateway signs with, and for the last one', async () => {
    await expect(certificates().revoke('admin')).rejects.toThrow('the admin that this gateway signs with');
    await certificates().issue({ name: 'second', role: 'admin' });
    await expect(certificates({ admin: 'gateway' }).revoke('second')).rejects.not.toThrow('last admin');
    expect(await certificates().revoke('second')).toMatchObject({ state: 'in-force' });
    await expect(certificates({ admin: 'gateway' }).revoke('admin')).rejects.toThrow('the last admin of AlderMSP');
  });
});

describe('going over to another authority', () => {
  test('is three steps, each refused before the one before it is in force', async () => {
    const all = certificates();
    await expect(all.retireAuthority('signing')).rejects.toThrow('knows no former');
    await expect(all.changeAuthority('signing')).rejects.toThrow('announce it first');
    expect(await all.announceAuthority('signing')).toMatchObject({ state: 'in-force' });
    expect(inForce().rootCertificates).toHaveLength(2);
    await all.changeAuthority('signing');
    await expect(all.retireAuthority('signing')).rejects.toThrow('start it, the peers and the orderer again first');

    // The gateway is started again, and so is whatever founds the network.
    const organizations = ['alder', 'birch'].map((name) => ({
      name,
      mspId: `${name[0]!.toUpperCase()}${name.slice(1)}MSP`,
    }));
    consortium = await foundConsortium({ directory, channel: 'dcloud', organizations, now });
    expect(await certificates().retireAuthority('signing')).toMatchObject({ state: 'in-force' });
    expect(inForce().rootCertificates).toHaveLength(1);
  });

  test('for TLS leaves the signers alone', async () => {
    const before = inForce().rootCertificates;
    await certificates().announceAuthority('tls');
    await certificates().changeAuthority('tls');
    await expect(certificates().retireAuthority('tls')).rejects.toThrow('change the consenter first');
    const { certificate: tlsCertificate } = (await openIdentity(own().organization, 'orderer')).tls;
    const edit = { kind: 'renew-consenter', address: 'localhost:7050', tlsCertificate } as const;
    const { id } = await changes().propose('dcloud', edit, 'the same key under another authority');
    await changes().sign(id);
    const { signer } = consortium.members[1]!.identities.get('admin')!;
    const birch = signatory({ mspId: 'BirchMSP', certificate: signer.certificate, privateKey: signer.key });
    const update = Buffer.from((await changes().file(id)).update, 'base64');
    await changes().takeSignature(birch.mspId as MspId, id, Buffer.from(signUpdate(birch, update)).toString('base64'));
    await changes().submit(id);
    expect(await certificates().retireAuthority('tls')).toMatchObject({ state: 'in-force' });
    expect(inForce().rootCertificates).toEqual(before);
    expect(inForce().tlsRootCertificates).toHaveLength(1);
  });
});
