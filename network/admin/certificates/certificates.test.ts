import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { revokedSerials } from '../../ledger/verify/revocation-list.ts';
import {
  attributesOf,
  type CertifiedKey,
  changeAuthority,
  checkFitToStart,
  enrol,
  expiryWarning,
  formerAuthorities,
  foundOrganization,
  listExpiry,
  listIdentities,
  listOrganizations,
  mspRoots,
  type NodeRole,
  nextAuthority,
  type Organization,
  openIdentity,
  openOrganization,
  organizationalUnits,
  renew,
  revoke,
  type SignedList,
  signingAuthority,
} from './index.ts';

const now = new Date('2026-11-22T12:00:00Z');
const request = (role: NodeRole) => ({ name: role, role });
const days = (count: number) => new Date(now.getTime() + count * 24 * 60 * 60_000);
let directory: string;
let alder: Organization;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'certificates-'));
  alder = await foundOrganization({ directory, name: 'alder', mspId: 'AlderMSP', now });
});
afterEach(() => rm(directory, { recursive: true }));

describe('an organization', () => {
  test('is found once, however often it is asked for, even at the same time', async () => {
    const request = { directory, name: 'birch', mspId: 'BirchMSP', now };
    const found = await Promise.all([
      foundOrganization(request),
      foundOrganization(request),
      foundOrganization(request),
    ]);
    const authorities = await Promise.all(
      found.map(async (organization) => (await signingAuthority(organization)).certificate),
    );
    expect(new Set(authorities).size).toBe(1);
    expect((await listOrganizations(directory)).map(({ name }) => name)).toEqual(['alder', 'birch']);
  });

  test('keeps its name for its MSP id', async () => {
    const request = { directory, name: 'alder', mspId: 'OtherMSP', now };
    await expect(foundOrganization(request)).rejects.toThrow('belongs to AlderMSP, not to OtherMSP');
  });

  test.each(['', '../alder', 'Alder', 'a/b', 'a.b', 'x'.repeat(64)])('cannot be called %p', async (name) => {
    await expect(foundOrganization({ directory, name, mspId: 'XMSP', now })).rejects.toMatchObject({
      kind: 'misconfigured',
    });
  });

  test('that a crash left unfinished does not count', async () => {
    await mkdir(join(directory, '.unfinished-0a'), { recursive: true });
    expect(await listOrganizations(directory)).toHaveLength(1);
  });

  test('with a broken description is refused in a sentence', async () => {
    await writeFile(join(alder.directory, 'organization.json'), '{');
    await expect(openOrganization(alder.directory)).rejects.toThrow('is not JSON');
    await rm(join(alder.directory, 'organization.json'));
    await expect(openOrganization(alder.directory)).rejects.toThrow('is not a complete organization');
  });
});

describe('an identity', () => {
  const request = {
    name: 'cn_abc',
    role: 'client' as const,
    attributes: { 'dcloud.role': 'compute-node' },
    hosts: ['10.0.0.7'],
  };

  test('is enrolled once and keeps its keys', async () => {
    const first = await enrol(alder, request, now);
    const second = await enrol(alder, request, days(1));
    expect(second.signer.certificate).toBe(first.signer.certificate);
    expect(new X509Certificate(first.tls.certificate).checkIP('10.0.0.7')).toBe('10.0.0.7');
    await expect(enrol(alder, { ...request, role: 'peer' }, now)).rejects.toThrow('not as peer');
  });

  test('renewed has the same keys, role, attributes and addresses, and new dates', async () => {
    const before = await enrol(alder, { ...request, hosts: ['10.0.0.7', '::1', 'node.example'], days: 10 }, now);
    const after = await renew(alder, 'cn_abc', days(9), 30);
    const [was, is] = [before, after].map(({ signer }) => new X509Certificate(signer.certificate));
    expect(is!.publicKey.equals(was!.publicKey)).toBe(true);
    expect(is!.serialNumber).not.toBe(was!.serialNumber);
    expect(organizationalUnits(is!)).toEqual(['client']);
    expect(attributesOf(after.signer.certificate)).toEqual({ 'dcloud.role': 'compute-node' });
    expect(new X509Certificate(after.tls.certificate).subjectAltName).toBe(
      new X509Certificate(before.tls.certificate).subjectAltName,
    );
    expect(Date.parse(is!.validTo)).toBe(days(39).getTime());
    expect((await openIdentity(alder, 'cn_abc')).signer.certificate).toBe(after.signer.certificate);
  });

  test.each(['', '../ca', 'A', '.hidden'])('cannot be called %p', async (name) => {
    await expect(enrol(alder, { ...request, name }, now)).rejects.toMatchObject({ kind: 'misconfigured' });
  });

  test('with two signing certificates is refused, for Fabric would take the first by name', async () => {
    const { mspDirectory } = await enrol(alder, request, now);
    await writeFile(
      join(mspDirectory, 'signcerts', 'zz.pem'),
      await readFile(join(mspDirectory, 'signcerts', 'cert.pem')),
    );
    await expect(openIdentity(alder, 'cn_abc')).rejects.toThrow('exactly one file');
  });

  test('of another authority is refused', async () => {
    const birch = await foundOrganization({ directory, name: 'birch', mspId: 'BirchMSP', now });
    const { mspDirectory } = await enrol(alder, request, now);
    const other = await enrol(birch, request, now);
    for (const file of ['signcerts/cert.pem', 'keystore/priv_sk']) {
      await writeFile(join(mspDirectory, file), await readFile(join(other.mspDirectory, file)));
    }
    await expect(openIdentity(alder, 'cn_abc')).rejects.toThrow('not of the authority');
  });

  test('is listed, and half-written ones are not', async () => {
    await enrol(alder, request, now);
    await mkdir(join(alder.directory, 'identities', '.unfinished-00'));
    expect(await listIdentities(alder)).toEqual(['cn_abc']);
  });
});

const serialOf = ({ certificate }: CertifiedKey) => new X509Certificate(certificate).serialNumber.toLowerCase();
const revokedBy = async (list: string) =>
  revokedSerials(list, new X509Certificate((await signingAuthority(alder)).certificate).publicKey)!;

describe('revoking', () => {
  test('gathers every revoked certificate, TLS ones too, in a list that the authority signed', async () => {
    const serials = [];
    for (const name of ['first', 'second']) {
      const { signer, tls } = await enrol(alder, { name, role: 'client' }, now);
      for (const { certificate } of [signer, tls])
        serials.push(new X509Certificate(certificate).serialNumber.toLowerCase());
    }
    await revoke(alder, ['first'], now);
    const [{ list }] = (await revoke(alder, ['second', 'first'], days(1))) as [SignedList];
    expect(list.startsWith('-----BEGIN X509 CRL-----\n')).toBe(true);
    const authority = new X509Certificate((await signingAuthority(alder)).certificate);
    expect([...revokedSerials(list, authority.publicKey)!].sort()).toEqual(serials.sort());
    const other = await foundOrganization({ directory, name: 'birch', mspId: 'BirchMSP', now });
    const stranger = new X509Certificate((await signingAuthority(other)).certificate);
    expect(revokedSerials(list, stranger.publicKey)).toBeUndefined();
  });

  test('ends every certificate that a renewed identity was ever given, those from before the register too', async () => {
    const [first, old] = [await enrol(alder, request('admin'), now), await enrol(alder, request('peer'), now)];
    await rm(join(old.directory, 'issued.json'));
    const [second, fresh] = [await renew(alder, 'admin', days(1)), await renew(alder, 'peer', days(1))];
    const third = await renew(alder, 'admin', days(2));
    const [{ list }] = (await revoke(alder, ['admin', 'peer'], days(3))) as [SignedList];
    const given = [first, second, third, old, fresh].flatMap(({ signer, tls }) => [serialOf(signer), serialOf(tls)]);
    expect([...(await revokedBy(list))].sort()).toEqual(given.sort());
  });

  test('ends renewal: a fresh serial number would bring the identity back', async () => {
    await enrol(alder, { ...request('admin'), days: 10 }, now);
    await revoke(alder, ['admin'], now);
    await expect(renew(alder, 'admin', days(1))).rejects.toThrow('admin is revoked');
    expect((await listExpiry(alder, now)).map(({ holder }) => holder)).toEqual(['authority', 'authority (TLS)']);
  });

  test.each(['signing', 'tls'] as const)('outlives another authority (%s)', async (kind) => {
    const ended = await enrol(alder, request('admin'), now);
    await enrol(alder, request('peer'), now);
    await revoke(alder, ['admin'], now);
    const before = (await signingAuthority(alder)).certificate;
    await nextAuthority(alder, kind, now);
    await changeAuthority(alder, kind, now);
    expect((await openIdentity(alder, 'admin')).signer.certificate).toBe(ended.signer.certificate);
    const current = (await signingAuthority(alder)).certificate;
    const lists = await revoke(alder, ['peer'], days(1));
    expect(lists.map(({ authority }) => authority)).toEqual(kind === 'signing' ? [current, before] : [current]);
    for (const { list, authority } of lists) {
      const serials = revokedSerials(list, new X509Certificate(authority).publicKey);
      expect([...serials!]).toEqual(expect.arrayContaining([serialOf(ended.signer), serialOf(ended.tls)]));
    }
    expect((await mspRoots(alder)).revocationLists).toEqual([lists[0]!.list]);
  });

  test('refuses a register that somebody broke', async () => {
    await enrol(alder, { name: 'first', role: 'client' }, now);
    await writeFile(join(alder.directory, 'ca', 'revoked.json'), '{"revoked":[]}');
    await expect(revoke(alder, ['first'], now)).rejects.toThrow('not a register');
  });
});

describe('expiry', () => {
  test('lists what ends first in front, TLS certificates too', async () => {
    await enrol(alder, { name: 'peer', role: 'peer' }, now);
    await enrol(alder, { name: 'orderer', role: 'orderer', days: 20 }, now);
    const listed = await listExpiry(alder, now);
    expect(listed.map(({ holder, warning }) => [holder, warning])).toEqual([
      ['orderer', '30 days'],
      ['orderer (TLS)', '30 days'],
      ['peer', undefined],
      ['peer (TLS)', undefined],
      ['authority', undefined],
      ['authority (TLS)', undefined],
    ]);
    expect((await listExpiry(alder, days(21)))[0]).toMatchObject({ warning: 'expired', daysLeft: -1 });
  });

  test.each([
    [91, undefined],
    [90, '90 days'],
    [30, '30 days'],
    [7, '7 days'],
    [0, '7 days'],
    [-1, 'expired'],
  ])('warns with %i days left: %p', (left, warning) => {
    expect(expiryWarning(left)).toBe(warning);
  });
});

describe('before a process starts', () => {
  test('its identity must have its role and be within its dates', async () => {
    const peer = await enrol(alder, { name: 'peer', role: 'peer', days: 10 }, now);
    expect(() => checkFitToStart(peer, 'peer', now)).not.toThrow();
    expect(() => checkFitToStart(peer, 'orderer', now)).toThrow('is enrolled as peer, not as orderer');
    expect(() => checkFitToStart(peer, 'peer', days(11))).toThrow('renew it');
    expect(() => checkFitToStart(peer, 'peer', days(-1))).toThrow("is this machine's clock right?");
  });

  test('a TLS certificate of another authority is refused', async () => {
    const birch = await foundOrganization({ directory, name: 'birch', mspId: 'BirchMSP', now });
    const [ours, theirs] = [await enrol(alder, request('peer'), now), await enrol(birch, request('peer'), now)];
    expect(() => checkFitToStart({ ...ours, tls: theirs.tls }, 'peer', now)).toThrow('not of the TLS authority');
  });
});

describe('an organization that changes its authority', () => {
  test.each(['signing', 'tls'] as const)(
    'has all certificates issued again for the same keys (%s), also after a crash',
    async (kind) => {
      const organization = alder;
      await expect(changeAuthority(organization, kind, now)).rejects.toThrow('has no next authority');
      const before = [
        await enrol(organization, { name: 'admin', role: 'admin' }, now),
        await enrol(organization, { name: 'peer', role: 'peer' }, now),
      ];
      const next = await nextAuthority(organization, kind, now);
      expect((await nextAuthority(organization, kind, now)).certificate).toBe(next.certificate);
      await changeAuthority(organization, kind, now);
      const root = new X509Certificate(next.certificate);
      const roots = await mspRoots(organization);
      expect(kind === 'tls' ? roots.tlsRootCertificate : roots.rootCertificate).toBe(next.certificate);
      for (const { name, signer, tls } of before) {
        const after = await openIdentity(organization, name);
        const [was, is] = kind === 'tls' ? [tls, after.tls] : [signer, after.signer];
        expect(new X509Certificate(is.certificate).verify(root.publicKey)).toBe(true);
        expect(
          new X509Certificate(is.certificate).publicKey.equals(new X509Certificate(was.certificate).publicKey),
        ).toBe(true);
      }
      // A crash before the last step: the organization still shows the old authority.
      const [old] = await formerAuthorities(organization, kind);
      const shown = join(organization.directory, 'msp', kind === 'tls' ? 'tlscacerts/tlsca.pem' : 'cacerts/ca.pem');
      await writeFile(shown, old!);
      await changeAuthority(organization, kind, now);
      expect(await readFile(shown, 'utf8')).toBe(next.certificate);
    },
  );
});
