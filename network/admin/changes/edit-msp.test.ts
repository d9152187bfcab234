import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { signatory } from '../../ledger/identity.ts';
import { FabricMspConfig, MspConfig } from '../../ledger/messages/index.ts';
import { type OfflineOrganization, offlineGenesis, offlineOrganization } from '../../ledger/testing/offline-channel.ts';
import { readChannelConfig } from '../../ledger/verify/channel-config.ts';
import { verifyMember } from '../../ledger/verify/member.ts';
import { foundAuthority, issueIdentity, revocationList } from '../certificates/index.ts';
import { groupAt, setValue } from '../config/tree.ts';
import { configUpdate } from './compare.ts';
import { applyEdit, ConfigEdit, copyGroup, objections, simulateUpdate } from './index.ts';

const now = new Date('2026-11-22T12:00:00Z');
let a: OfflineOrganization;
let genesis: Uint8Array;
beforeAll(async () => {
  const organizations = await Promise.all(['AMSP', 'BMSP', 'CMSP'].map((mspId) => offlineOrganization(mspId, now)));
  a = organizations[0]!;
  genesis = offlineGenesis(organizations, now);
});

function after(...edits: readonly ConfigEdit[]) {
  const { group } = readChannelConfig(genesis);
  const wanted = copyGroup(group);
  for (const edit of edits) applyEdit(wanted, edit);
  return { group, wanted };
}

function mspOf({ wanted }: ReturnType<typeof after>, mspId = 'AMSP') {
  const value = groupAt(wanted, ['Application', mspId]).values.get('MSP')!.value;
  return FabricMspConfig.decode(MspConfig.decode(value).config);
}

describe('an organization that changes its authority', () => {
  test('has two roots, then the new one alone; each step needs its own admin only', async () => {
    const next = await foundAuthority('ca2', 'AMSP', now);
    const add = { kind: 'add-roots', mspId: 'AMSP', rootCertificate: next.certificate } as const;
    const remove = { kind: 'remove-roots', mspId: 'AMSP', rootCertificate: a.authority.certificate } as const;
    const both = after(add);
    expect(mspOf(both).rootCerts).toHaveLength(2);
    // Fabric finds a role only under the authority that its node OU names.
    expect(mspOf(both).nodeOUs?.admin?.certificate).toHaveLength(0);
    const { touched } = simulateUpdate(configUpdate('offline', both.group, both.wanted), both.group);
    expect(touched.map(({ guard }) => guard)).toEqual([
      '/Channel/Application/AMSP/Admins',
      '/Channel/Orderer/AMSP/Admins',
    ]);
    expect(objections(both.group, both.wanted, { lowest: '2.5' })).toEqual([]);
    const one = after(add, remove);
    expect(mspOf(one).rootCerts.map((pem) => Buffer.from(pem).toString())).toEqual([next.certificate]);
    expect(objections(one.group, one.wanted, { lowest: '2.5' })).toEqual([]);

    const issued = await issueIdentity(next, { name: 'admin2', role: 'admin', now });
    const admin = signatory({ mspId: 'AMSP', certificate: issued.certificate, privateKey: issued.key });
    const mspsOf = ({ wanted }: ReturnType<typeof after>) => {
      const value = groupAt(wanted, ['Application', 'AMSP']).values.get('MSP')!.value;
      const msp = readChannelConfig(genesis).applicationMsps.get('AMSP')!;
      const rootCertificates = FabricMspConfig.decode(MspConfig.decode(value).config).rootCerts.map((pem) =>
        Buffer.from(pem).toString(),
      );
      return new Map([['AMSP', { ...msp, rootCertificates }]]);
    };
    expect(verifyMember(admin.creator, mspsOf(both)).role).toBe('admin');
    expect(verifyMember(a.admin.creator, mspsOf(both)).role).toBe('admin');
    expect(verifyMember(admin.creator, mspsOf(one)).role).toBe('admin');
    expect(() => verifyMember(a.admin.creator, mspsOf(one))).toThrow("does not chain to that organization's roots");
  });

  test('keeps the revocation lists of the authority that stays, and loses those of the one that goes', async () => {
    const next = await foundAuthority('ca2', 'AMSP', now);
    const entry = { serialNumber: new X509Certificate(a.client.certificate).serialNumber, revokedAt: now };
    const lists = [await revocationList(a.authority, [entry], 1, now), await revocationList(next, [entry], 1, now)];
    const edited = after(
      { kind: 'add-roots', mspId: 'AMSP', rootCertificate: next.certificate },
      { kind: 'set-revocation-list', mspId: 'AMSP', lists },
      { kind: 'remove-roots', mspId: 'AMSP', rootCertificate: a.authority.certificate },
    );
    expect(mspOf(edited).revocationList.map((list) => Buffer.from(list).toString())).toEqual([lists[1]]);
  });

  test('cannot take out its only root, one it has not, or add one twice', () => {
    const { certificate } = a.authority;
    const edit = (kind: 'add-roots' | 'remove-roots', more: object) =>
      after({ kind, mspId: 'AMSP', ...more } as ConfigEdit);
    expect(() => edit('remove-roots', { rootCertificate: certificate })).toThrow('add the new one before');
    expect(() => edit('remove-roots', { tlsRootCertificate: certificate })).toThrow('has no such root');
    expect(() => edit('add-roots', { rootCertificate: certificate })).toThrow('has this root already');
    expect(() => edit('add-roots', {})).toThrow('say which root');
  });
});

test("another member's root in an MSP is refused, of either kind, and stops no later change", () => {
  const { group } = readChannelConfig(genesis);
  const theirs = readChannelConfig(genesis).applicationMsps.get('BMSP')!;
  const [rootCertificate, tlsRootCertificate] = [theirs.rootCertificates[0]!, theirs.tlsRootCertificates[0]!];
  for (const claim of [{ rootCertificate }, { tlsRootCertificate }]) {
    const { wanted } = after({ kind: 'add-roots', mspId: 'AMSP', ...claim });
    const found = objections(group, wanted, { lowest: '2.5' });
    expect(found.map(({ code, path }) => [code, path])).toEqual([
      ['ROOT_OF_ANOTHER', '/Channel/Application/AMSP/MSP'],
      ['ROOT_OF_ANOTHER', '/Channel/Orderer/AMSP/MSP'],
    ]);
    expect(found[0]!.sentence).toContain('AMSP would list a root of BMSP');
    expect(objections(wanted, wanted, { lowest: '2.5' })).toEqual([]);
  }
});

test('an MSP in which nobody could be an admin is refused', () => {
  const { group, wanted } = after();
  const value = MspConfig.encode({
    type: 0,
    config: FabricMspConfig.encode({ ...mspOf({ group, wanted }), nodeOUs: undefined }),
  });
  setValue(groupAt(wanted, ['Application', 'AMSP']), 'MSP', value);
  expect(objections(group, wanted, { lowest: '2.5' }).map(({ code }) => code)).toContain('MSP_WITHOUT_ADMINS');
});

describe('an edit as it comes from outside', () => {
  test.each([
    [{ kind: 'add-consenter', address: 'h:1', tlsCertificate: 'none' }],
    [{ kind: 'set-acl', resource: 'all', policy: '/Channel/Application/Admins' }],
    [{ kind: 'set-policy', path: 'Application', rule: 'ANY Admins' }],
    [{ kind: 'set-batch', timeout: '1s', more: true }],
    [{ kind: 'set-revocation-list', mspId: 'AMSP', lists: ['-----BEGIN CRL-----'] }],
    [{ kind: 'nothing' }],
  ])('is refused: %j', (edit) => {
    expect(ConfigEdit.safeParse(edit).success).toBe(false);
  });
});
