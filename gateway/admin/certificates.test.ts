import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MspId } from '@d-cloud/chaincode/domain';
import { type Consortium, foundConsortium, openIdentity, readChannelConfig, signUpdate } from '@d-cloud/network/admin';
import { Fault, signatory } from '@d-cloud/network/ledger';
import { OfflineOrdering } from '@d-cloud/network/ledger/testing';
import { revokedSerials, serialKey } from '@d-cloud/network/ledger/verify';
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
let orderings: Map<string, OfflineOrdering>;
let store: ChangeStore;
let now: Date;

beforeEach(async () => {
  now = founded;
  directory = await mkdtemp(join(tmpdir(), 'gateway-certificates-'));
  consortium = await found('dcloud');
  orderings = new Map([['dcloud', new OfflineOrdering(consortium.genesisBlock, signatoryOf('orderer'))]]);
  store = new ChangeStore(':memory:');
});
afterEach(async () => {
  store[Symbol.dispose]();
  await rm(directory, { recursive: true });
});

function found(channel: string): Promise<Consortium> {
  const organizations = ['Alder', 'Birch'].map((name) => ({ name: name.toLowerCase(), mspId: `${name}MSP` }));
  return foundConsortium({ directory, channel, organizations, now });
}

async function openSecondChannel(): Promise<void> {
  const { genesisBlock } = await found('second');
  orderings.set('second', new OfflineOrdering(genesisBlock, signatoryOf('orderer')));
}

const own = () => consortium.members[0]!;

function signatoryOf(name: string) {
  const { certificate, key } = own().identities.get(name)!.signer;
  return signatory({ mspId, certificate, privateKey: key });
}

function accessOf(admin = 'admin'): FabricAccess {
  return {
    admin: signatoryOf(admin),
    channels: async () => [...orderings.keys()],
    configBlock: async (channel: string) => orderings.get(channel)!.newest,
    orderedConfigBlock: async (channel: string) => orderings.get(channel)!.newest,
    configBlockBefore: async (channel: string, block: Uint8Array) =>
      orderings.get(channel)!.blocks[readChannelConfig(block).blockNumber - 1],
    answeringOrderers: async (_: string, addresses: readonly string[]) => addresses,
    order: async (channel: string, envelope: Uint8Array) => orderings.get(channel)!.order(envelope),
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

const inForce = (channel = 'dcloud') => readChannelConfig(orderings.get(channel)!.newest).applicationMsps.get(mspId)!;

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
    expect(await certificates().revoke('one')).toMatchObject([{ state: 'in-force', block: 1 }]);
    expect(await certificates().revoke('two')).toMatchObject([{ state: 'in-force', block: 2 }]);
    expect(inForce().revocationLists).toHaveLength(1);
    await expect(certificates().revoke('nobody')).rejects.toThrow('nobody');
  });

  test('reaches every channel; where one cannot take it, the error names those that did and that one', async () => {
    await openSecondChannel();
    for (const name of ['one', 'two']) await certificates().issue({ name, role: 'client' });
    expect(await certificates().revoke('one')).toMatchObject([
      { channel: 'dcloud', state: 'in-force' },
      { channel: 'second', state: 'in-force' },
    ]);
    expect(inForce('second').revocationLists).toEqual(inForce().revocationLists);
    orderings.get('second')!.order = () => {
      throw new Fault('unavailable', 'no orderer answers');
    };
    await expect(certificates().revoke('two')).rejects.toThrow(
      /^two of AlderMSP is revoked in dcloud, but not in second \(.*no orderer answers.*do it again$/,
    );
    expect(inForce().revocationLists).not.toEqual(inForce('second').revocationLists);
  });

  test('holds while the authority changes and after it: nobody revoked is renewed, and each authority signs the list', async () => {
    const ended = (await certificates().issue({ name: 'ended', role: 'client' })).signer.certificate;
    await certificates().issue({ name: 'late', role: 'client' });
    await certificates().revoke('ended');
    const before = inForce().rootCertificates[0]!;
    await certificates().announceAuthority('signing');
    const { certificate: next } = await certificates().changeAuthority('signing');
    await certificates().revoke('late');
    const serial = serialKey(new X509Certificate(ended).serialNumber);
    const revokedUnder = (root: string) =>
      inForce().revocationLists.some((list) => revokedSerials(list, new X509Certificate(root).publicKey)?.has(serial));
    expect([before, next].map(revokedUnder)).toEqual([true, true]);
    await expect(certificates().renew('ended')).rejects.toThrow('ended is revoked');
  });

  test('of TLS certificates outlives the signing authority that listed them', async () => {
    await openSecondChannel();
    await certificates().issue({ name: 'ended', role: 'client' });
    const { tls } = await openIdentity(own().organization, 'ended');
    await certificates().revoke('ended');
    await certificates().announceAuthority('signing');
    const { certificate: next } = await certificates().changeAuthority('signing');
    consortium = await found('dcloud');
    await certificates().retireAuthority('signing');
    for (const channel of ['dcloud', 'second']) {
      expect(inForce(channel).rootCertificates).toEqual([next]);
      const [list] = inForce(channel).revocationLists;
      const serials = revokedSerials(list!, new X509Certificate(next).publicKey);
      expect(serials).toContain(serialKey(new X509Certificate(tls.certificate).serialNumber));
    }
  });

  test('is refused for the admin that the gateway signs with, and for the last one', async () => {
    await expect(certificates().revoke('admin')).rejects.toThrow('the admin that this gateway signs with');
    await certificates().issue({ name: 'second', role: 'admin' });
    await expect(certificates({ admin: 'gateway' }).revoke('second')).rejects.not.toThrow('last admin');
    expect(await certificates().revoke('second')).toMatchObject([{ state: 'in-force' }]);
    await expect(certificates({ admin: 'gateway' }).revoke('admin')).rejects.toThrow('the last admin of AlderMSP');
  });
});

describe('going over to another authority', () => {
  test('is three steps, each refused before the one before it is in force', async () => {
    const all = certificates();
    await expect(all.retireAuthority('signing')).rejects.toThrow('knows no former');
    await expect(all.changeAuthority('signing')).rejects.toThrow('announce it first');
    expect(await all.announceAuthority('signing')).toMatchObject([{ state: 'in-force' }]);
    expect(inForce().rootCertificates).toHaveLength(2);
    await all.changeAuthority('signing');
    await expect(all.retireAuthority('signing')).rejects.toThrow('start it, the peers and the orderer again first');

    // The gateway is started again, and so is whatever founds the network.
    consortium = await found('dcloud');
    expect(await certificates().retireAuthority('signing')).toMatchObject([{ state: 'in-force' }]);
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
    expect(await certificates().retireAuthority('tls')).toMatchObject([{ state: 'in-force' }]);
    expect(inForce().rootCertificates).toEqual(before);
    expect(inForce().tlsRootCertificates).toHaveLength(1);
  });
});
