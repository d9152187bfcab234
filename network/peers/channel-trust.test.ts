import { X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { type Authority, foundAuthority, issueTls, revocationList } from '../admin/index.ts';
import type { MspInConfig } from '../ledger/verify/index.ts';
import { ChannelTrust } from './index.ts';

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

test('an organization that lists another’s root is not taken for it', async () => {
  const [alder, birch] = await Promise.all([authority('alder'), authority('birch')]);
  const trust = new ChannelTrust();
  trust.adopt(config(0, mspOf('AlderMSP', [alder]), mspOf('BirchMSP', [birch, alder])));
  expect(trust.organizationOf(await chainUnder(alder))).toBeUndefined();
  expect(trust.organizationOf(await chainUnder(birch))).toBe('BirchMSP');
});

test('what one organization wrote and nobody can read costs that organization its trust and nobody else', async () => {
  const [alder, birch] = await Promise.all([authority('alder'), authority('birch')]);
  const trust = new ChannelTrust();
  trust.adopt(config(0, mspOf('AlderMSP', [alder]), mspOf('BirchMSP', [birch], ['not a list'])));
  expect(trust.organizationOf(await chainUnder(alder))).toBe('AlderMSP');
  expect(trust.organizationOf(await chainUnder(birch))).toBeUndefined();
});
