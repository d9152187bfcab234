import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  changeAuthority,
  enrol,
  type Organization as Founded,
  foundOrganization,
  mspRoots,
  nextAuthority,
  revocationList,
  signingAuthority,
} from '../../../admin/index.ts';
import { FabricMspConfig } from '../wire/config.ts';
import { Organization } from './organization.ts';

const now = new Date();
let directory: string;
let founded: Founded;
let stranger: Founded;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'msp-'));
  founded = await foundOrganization({ directory, name: 'a', mspId: 'A', now });
  stranger = await foundOrganization({ directory, name: 'b', mspId: 'B', now });
});
afterAll(() => rm(directory, { recursive: true }));

async function organization(
  revocations: readonly string[] = [],
  former: readonly string[] = [],
): Promise<Organization> {
  const { rootCertificate } = await mspRoots(founded);
  const root = Buffer.from(rootCertificate);
  const ou = (unit: string) => ({ certificate: root, unit });
  const nodeOus = { enable: true, client: ou('client'), peer: ou('peer'), admin: ou('admin'), orderer: ou('orderer') };
  const revocationLists = revocations.map((list) => Buffer.from(list));
  const encoded = FabricMspConfig.encode({
    name: 'A',
    rootCerts: [root, ...former.map((pem) => Buffer.from(pem))],
    revocationList: revocationLists,
    nodeOus,
  });
  return new Organization(FabricMspConfig.decode(encoded));
}
const certificate = async (from: Founded, name: string): Promise<X509Certificate> =>
  new X509Certificate((await enrol(from, { name, role: 'client' }, now)).signer.certificate);

describe('an organization judges a certificate', () => {
  test('of its own authority by the node OU in it', async () => {
    const { roles, problem } = (await organization()).judge(await certificate(founded, 'one'));
    expect([[...roles], problem]).toEqual([['client'], undefined]);
  });

  test("of another authority as foreign, and an authority's as no member's", async () => {
    const own = await organization();
    expect(own.judge(await certificate(stranger, 'one')).problem).toBe('foreign');
    const { rootCertificate } = await mspRoots(stranger);
    expect(own.judge(new X509Certificate(rootCertificate)).problem).toBe('untrusted');
    expect(own.judge(new X509Certificate((await mspRoots(founded)).rootCertificate)).problem).toBe('untrusted');
  });

  test('that a revocation list names as revoked, and no other', async () => {
    const [kept, ended] = [await certificate(founded, 'kept'), await certificate(founded, 'ended')];
    const revoked = [{ serialNumber: ended.serialNumber, revokedAt: now }];
    const strict = await organization([await revocationList(await signingAuthority(founded), revoked, 1, now)]);
    expect(strict.judge(ended).problem).toBe('revoked');
    expect(strict.judge(kept).problem).toBeUndefined();
  });

  test('by the lists of its own authority alone: another one of the same name says nothing of it', async () => {
    const ended = await certificate(founded, 'of-the-former');
    const former = await signingAuthority(founded);
    const revoked = [{ serialNumber: ended.serialNumber, revokedAt: now }];
    const next = await nextAuthority(founded, 'signing', now);
    await changeAuthority(founded, 'signing', now);
    const judgeBy = async (by: typeof next) =>
      (await organization([await revocationList(by, revoked, 1, now)], [former.certificate])).judge(ended).problem;
    expect(await judgeBy(next)).toBeUndefined();
    expect(await judgeBy(former)).toBe('revoked');
  });
});
