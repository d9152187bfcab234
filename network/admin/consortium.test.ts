import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isLowS } from '../ledger/signing.ts';
import { x509 } from './certificates/library.ts';
import {
  attributesOf,
  describeConfig,
  foundConsortium,
  keyPem,
  memberIdentities,
  organizationalUnits,
} from './index.ts';

const now = new Date('2026-11-22T12:00:00Z');
const identities = memberIdentities.filter(({ name }) => ['peer', 'orderer', 'admin', 'gateway'].includes(name));
const members = [
  { name: 'a', mspId: 'OrgAMSP', identities },
  { name: 'b', mspId: 'OrgBMSP', identities },
  { name: 'c', mspId: 'OrgCMSP', identities },
];
let directory: string;
const found = (organizations = members) => foundConsortium({ directory, channel: 'consortium', organizations, now });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'consortium-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('founding a consortium', () => {
  test('makes three organizations and a genesis block that names their roots', async () => {
    const consortium = await found();
    const described = describeConfig(consortium.genesisBlock);
    expect(described).toMatchObject({
      channel: 'consortium',
      blockNumber: 0,
      sequence: 0,
      blockHash: consortium.genesisHash,
    });
    const { Application, Orderer } = described.configuration.groups;
    expect(Object.keys(Application!.groups)).toEqual(['OrgAMSP', 'OrgBMSP', 'OrgCMSP']);
    expect(Object.keys(Orderer!.groups)).toEqual(['OrgAMSP', 'OrgBMSP', 'OrgCMSP']);
    expect(Application!.policies.Endorsement!.rule).toBe('MAJORITY Endorsement');
    expect(Application!.groups.OrgAMSP!.policies.Writers!.rule).toBe("OR('OrgAMSP.admin','OrgAMSP.client')");
    expect(Orderer!.values.ConsensusType!.value).toMatchObject({ type: 'etcdraft', consenters: [{}, {}, {}] });
    expect(Application!.values.Capabilities!.value).toEqual(['V2_5']);
  });

  test('issues certificates as Fabric wants them', async () => {
    const { members } = await found();
    const { identities } = members[0]!;
    const gateway = identities.get('gateway')!.signer.certificate;
    expect(attributesOf(gateway)).toEqual({ 'dcloud.role': 'gateway' });
    for (const [name, { signer, tls, tlsRoot }] of identities) {
      const certificate = new X509Certificate(signer.certificate);
      expect(organizationalUnits(certificate)).toEqual([['peer', 'orderer', 'admin'].includes(name) ? name : 'client']);
      expect(isLowS(new Uint8Array(new x509.X509Certificate(signer.certificate).signature))).toBe(true);
      const tlsCertificate = new X509Certificate(tls.certificate);
      expect(tlsCertificate.checkHost('localhost')).toBe('localhost');
      expect(tlsCertificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
      expect(tlsCertificate.verify(new X509Certificate(tlsRoot).publicKey)).toBe(true);
      expect(new X509Certificate(tlsRoot).validFromDate.getTime()).toBeLessThan(tlsCertificate.validFromDate.getTime());
    }
  });

  test('keeps keys to their owner', async () => {
    await found();
    const secrets = (await readdir(directory, { recursive: true })).filter((path) => /priv_sk$|key\.pem$/.test(path));
    expect(secrets).toHaveLength(3 * (2 + 2 * 4));
    for (const path of secrets) {
      expect((await stat(join(directory, path))).mode & 0o777).toBe(0o600);
      expect((await stat(join(directory, path, '..'))).mode & 0o777).toBe(0o700);
    }
  });

  test('run again, keeps everything and adds what is missing', async () => {
    const first = await found();
    await rm(join(directory, 'organizations', 'b', 'identities', 'gateway'), { recursive: true });
    const second = await found();
    expect(second.genesisHash).toBe(first.genesisHash);
    const certificateOf = (run: typeof first, name: string) => run.members[1]!.identities.get(name)!.signer.certificate;
    expect(certificateOf(second, 'peer')).toBe(certificateOf(first, 'peer'));
    expect(certificateOf(second, 'gateway')).not.toBe(certificateOf(first, 'gateway'));
  });

  test('refuses a half-made organization in a sentence', async () => {
    await found();
    await rm(join(directory, 'organizations', 'a', 'ca', 'key.pem'));
    await expect(found()).rejects.toThrow("the authority's key is missing");
  });

  test("refuses a key that is not the certificate's", async () => {
    const { members } = await found();
    const [peer, admin] = ['peer', 'admin'].map((name) => members[0]!.identities.get(name)!);
    await writeFile(join(peer!.mspDirectory, 'keystore', 'priv_sk'), keyPem(admin!.signer.key));
    await expect(found()).rejects.toThrow('the key does not belong to the certificate');
  });

  test('refuses a genesis block that was made for other organizations', async () => {
    await found();
    await rm(join(directory, 'organizations', 'c'), { recursive: true });
    await expect(found()).rejects.toThrow('was made for other organizations');
  });

  test('refuses one MSP under two names', async () => {
    const twice = [members[0]!, { name: 'shadow', mspId: 'OrgAMSP', identities }];
    await expect(found(twice)).rejects.toThrow('would count twice');
  });
});
