import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  type Authority,
  applyEdit,
  configUpdate,
  copyGroup,
  foundAuthority,
  issueTls,
  revocationList,
} from '../admin/index.ts';
import { offlineConfigBlock, offlineGenesis, offlineOrganization } from '../ledger/testing/offline-channel.ts';
import { type MspInConfig, readChannelConfig } from '../ledger/verify/index.ts';
import { ChannelTrust, configurationsToStartWith } from './index.ts';

const now = new Date();
const mspOf = (mspId: string, tls: readonly Authority[], revocationLists: readonly string[] = []): MspInConfig => ({
  mspId,
  rootCertificates: [],
  intermediateCertificates: [],
  tlsRootCertificates: tls.map(({ certificate }) => certificate),
  tlsIntermediateCertificates: [],
  revocationLists,
  nodeOUs: undefined,
});
const config = (sequence: number, ...msps: readonly MspInConfig[]) => ({
  sequence,
  applicationMsps: new Map(msps.map((msp) => [msp.mspId, msp])),
});
const authority = (name: string) => foundAuthority(`tlsca.${name}`, name, now);

async function chainUnder(root: Authority) {
  const { certificate } = await issueTls(root, { name: 'gateway', hosts: ['127.0.0.1'], now });
  return [certificate, root.certificate].map((pem) => {
    const { fingerprint256, serialNumber } = new X509Certificate(pem);
    return { fingerprint: fingerprint256, serialNumber };
  });
}

test('nobody is trusted before a configuration was read', async () => {
  const alder = await authority('alder');
  const trust = new ChannelTrust();
  expect(trust.sequence).toBe(-1);
  expect(trust.organizationOf(await chainUnder(alder))).toBeUndefined();
});

test('an organization that is added or removed counts from that configuration on, and an older one changes nothing', async () => {
  const [alder, dogwood] = await Promise.all([authority('alder'), authority('dogwood')]);
  const trust = new ChannelTrust();
  let told = 0;
  using _telling = trust.onChange(() => told++);
  const chain = await chainUnder(dogwood);
  expect(trust.adopt(config(0, mspOf('AlderMSP', [alder])))).toBe(true);
  expect(trust.organizationOf(chain)).toBeUndefined();
  expect(trust.adopt(config(1, mspOf('AlderMSP', [alder]), mspOf('DogwoodMSP', [dogwood])))).toBe(true);
  expect(trust.organizationOf(chain)).toBe('DogwoodMSP');
  expect([...trust.roots.keys()]).toEqual(['AlderMSP', 'DogwoodMSP']);
  expect(trust.adopt(config(2, mspOf('AlderMSP', [alder])))).toBe(true);
  expect(trust.adopt(config(1, mspOf('AlderMSP', [alder]), mspOf('DogwoodMSP', [dogwood])))).toBe(false);
  expect(trust.organizationOf(chain)).toBeUndefined();
  expect([...trust.roots.keys()]).toEqual(['AlderMSP']);
  expect(told).toBe(3);
});

test('a root is nobody’s leaf', async () => {
  const alder = await authority('alder');
  const trust = new ChannelTrust();
  trust.adopt(config(0, mspOf('AlderMSP', [alder])));
  expect(trust.organizationOf((await chainUnder(alder)).slice(1))).toBeUndefined();
});

test('a certificate that its organization’s list revokes does not count; a list that another authority signed says nothing', async () => {
  const [alder, birch] = await Promise.all([authority('alder'), authority('birch')]);
  const chain = await chainUnder(alder);
  const revoked = [{ serialNumber: chain[0]!.serialNumber.toLowerCase(), revokedAt: now }];
  const trust = new ChannelTrust();
  trust.adopt(config(0, mspOf('AlderMSP', [alder], [await revocationList(birch, revoked, 1, now)])));
  expect(trust.organizationOf(chain)).toBe('AlderMSP');
  trust.adopt(config(1, mspOf('AlderMSP', [alder], [await revocationList(alder, revoked, 1, now)])));
  expect(trust.organizationOf(chain)).toBeUndefined();
  expect(trust.organizationOf(await chainUnder(alder))).toBe('AlderMSP');
});

test('a TLS certificate is revoked by the list of the organization’s signing authority, the one kind that Fabric takes', async () => {
  const [tls, signing] = await Promise.all([authority('alder'), foundAuthority('ca.alder', 'alder', now)]);
  const chain = await chainUnder(tls);
  const revoked = [{ serialNumber: chain[0]!.serialNumber.toLowerCase(), revokedAt: now }];
  const lists = [await revocationList(signing, revoked, 1, now)];
  const trust = new ChannelTrust();
  trust.adopt(config(0, mspOf('AlderMSP', [tls], lists)));
  expect(trust.organizationOf(chain)).toBe('AlderMSP');
  const msp = { ...mspOf('AlderMSP', [tls], lists), rootCertificates: [signing.certificate] };
  trust.adopt(config(1, msp));
  expect(trust.organizationOf(chain)).toBeUndefined();
});

describe('an organization that lists another’s root', () => {
  const claim = async () => {
    const [alder, birch] = await Promise.all([authority('alder'), authority('birch')]);
    const before = config(0, mspOf('AlderMSP', [alder]), mspOf('BirchMSP', [birch]));
    const disputed = config(1, mspOf('BirchMSP', [birch, alder]), mspOf('AlderMSP', [alder]));
    return { alder, birch, before, disputed };
  };

  test('is neither taken for it nor cuts it off: the root stays with who had it', async () => {
    const { alder, birch, before, disputed } = await claim();
    const trust = new ChannelTrust();
    trust.adopt(before);
    trust.adopt(disputed);
    expect(trust.organizationOf(await chainUnder(alder))).toBe('AlderMSP');
    expect(trust.organizationOf(await chainUnder(birch))).toBe('BirchMSP');
    expect(trust.roots.get('AlderMSP')).toBe(alder.certificate);
    expect(trust.roots.get('BirchMSP')).toBe(birch.certificate);
    trust.adopt({ ...disputed, sequence: 2 });
    expect(trust.organizationOf(await chainUnder(alder))).toBe('AlderMSP');
  });

  test('gets it only once the other has given it up', async () => {
    const { alder, birch, before, disputed } = await claim();
    const trust = new ChannelTrust();
    for (const one of [before, disputed, config(2, mspOf('BirchMSP', [birch, alder]))]) trust.adopt(one);
    expect(trust.organizationOf(await chainUnder(alder))).toBe('BirchMSP');
  });

  test('leaves it nobody’s for those who know that one configuration alone; those before it settle whose it is', async () => {
    const { alder, birch, before, disputed } = await claim();
    const trust = new ChannelTrust();
    trust.adopt(disputed);
    expect(trust.organizationOf(await chainUnder(alder))).toBeUndefined();
    expect(trust.organizationOf(await chainUnder(birch))).toBe('BirchMSP');
    expect(trust.adopt(disputed)).toBe(false);
    expect(trust.adopt(disputed, [before])).toBe(true);
    expect(trust.organizationOf(await chainUnder(alder))).toBe('AlderMSP');
  });
});

test('who starts reads the configurations before the one in force only where a root in it is disputed', async () => {
  const organizations = await Promise.all(['AMSP', 'BMSP'].map((mspId) => offlineOrganization(mspId, now)));
  const genesis = offlineGenesis(organizations, now);
  const blocks = [genesis];
  let walked = 0;
  const ledger = {
    configBlock: async () => blocks.at(-1)!,
    configBlocks: async () => {
      walked++;
      return blocks;
    },
  };
  const { signal } = new AbortController();
  expect((await configurationsToStartWith(ledger, signal)).before).toEqual([]);
  expect(walked).toBe(0);

  const { group, applicationMsps } = readChannelConfig(genesis);
  const [tlsRootCertificate] = applicationMsps.get('AMSP')!.tlsRootCertificates;
  const wanted = copyGroup(group);
  applyEdit(wanted, { kind: 'add-roots', mspId: 'BMSP', tlsRootCertificate: tlsRootCertificate! });
  const update = configUpdate('offline', group, wanted);
  blocks.push(offlineConfigBlock(genesis, update, [organizations[1]!.admin], organizations[0]!.orderer));
  const { inForce, before } = await configurationsToStartWith(ledger, signal);
  expect([inForce, ...before].map(({ sequence }) => sequence)).toEqual([1, 0]);
  const trust = new ChannelTrust();
  trust.adopt(inForce, before);
  expect(trust.roots.get('AMSP')).toBe(tlsRootCertificate);
});

test('what one organization wrote and nobody can read costs that organization its trust and nobody else', async () => {
  const [alder, birch] = await Promise.all([authority('alder'), authority('birch')]);
  const trust = new ChannelTrust();
  trust.adopt(config(0, mspOf('AlderMSP', [alder]), mspOf('BirchMSP', [birch], ['not a list'])));
  expect(trust.organizationOf(await chainUnder(alder))).toBe('AlderMSP');
  expect(trust.organizationOf(await chainUnder(birch))).toBeUndefined();
});
