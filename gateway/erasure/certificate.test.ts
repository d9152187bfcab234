import { generateKeyPairSync } from 'node:crypto';
import type { DatasetRecord, ErasureRecord, VersionRecord } from '@d-cloud/chaincode/domain';
import { canonicalBytes, idFrom, sha256 } from '@d-cloud/chaincode/domain';
import {
  type Authority,
  foundAuthority,
  issueIdentity,
  keyPem,
  roleAttribute,
} from '@d-cloud/network/admin/certificates';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type CertifiedErasure, signCertificate } from './certificate.ts';
import type { AskedNode } from './erasure-store.ts';
import { verifyCertificate } from './verify-certificate.ts';

const id = <K extends 'eras' | 'dset' | 'vers' | 'stor'>(kind: K, n: number) =>
  idFrom(kind, new Uint8Array(16).fill(n));
const node = (n: number, change: Partial<AskedNode> = {}): AskedNode => ({
  node: id('stor', n),
  organization: 'AlderMSP' as AskedNode['organization'],
  outcome: 'absent',
  removed: 2,
  absent: 2,
  at: '2026-11-22T12:00:02.000Z',
  ...change,
});
const done: CertifiedErasure = {
  channel: 'dcloud',
  erasure: {
    id: id('eras', 1),
    owner: 'AlderMSP',
    dataset: id('dset', 1),
    versions: [id('vers', 1)],
    whole: true,
    derived: [],
  } as unknown as ErasureRecord,
  dataset: { id: id('dset', 1), cardCommitment: sha256('card'), publicTitle: 'Portraits' } as unknown as DatasetRecord,
  versions: [{ id: id('vers', 1), manifestCommitment: sha256('manifest') } as unknown as VersionRecord],
  requested: { transaction: 'ab', block: 7, at: '2026-11-22T12:00:00.000Z' },
  keysDestroyedAt: '2026-11-22T12:00:01.000Z',
  listed: [{ version: id('vers', 1), cids: ['a', 'b'], storageNodes: [id('stor', 1)] }],
  asked: [node(1), node(2, { outcome: 'left', removed: 0, absent: 0 })],
  certifiedAt: '2026-11-22T12:00:03.000Z',
};

let identity: { certificate: string; key: string };
let authority: Authority;
let root: string;
const signerAs = async (role: string) => {
  const now = new Date('2026-11-22T00:00:00Z');
  const attributes = { [roleAttribute]: role };
  const { certificate, key } = await issueIdentity(authority, { name: role, role: 'client', attributes, now });
  return { certificate, key: keyPem(key) };
};
beforeAll(async () => {
  authority = await foundAuthority('ca', 'AlderMSP', new Date('2026-11-22T00:00:00Z'));
  root = authority.certificate;
  identity = await signerAs('gateway');
});
const failed = (bytes: Uint8Array, known: Parameters<typeof verifyCertificate>[1] = {}) =>
  verifyCertificate(bytes, known).checks.filter(({ ok }) => !ok);

describe('the certificate of an erasure', () => {
  test('is verified against root and ledger, and says what it does not cover', async () => {
    const bytes = await signCertificate(done, identity);
    const verdict = verifyCertificate(bytes, { root, recorded: sha256(bytes) });
    expect(verdict).toMatchObject({ ok: true, digest: sha256(bytes) });
    expect(verdict.notCovered.join('\n')).toMatch(/Backups of this gateway made before 2026-11-22T12:00:01.000Z/);
    expect(verdict.notCovered.join('\n')).toContain(`were not asked: ${id('stor', 2)}`);
    expect(verdict.notCovered.join('\n')).toContain('The public title');
    expect(verifyCertificate(bytes, {}).notCovered[0]).toMatch(/was not checked/);
  });

  test('is not one where any byte of what was signed is another', async () => {
    const bytes = await signCertificate(done, identity);
    const file = JSON.parse(Buffer.from(bytes).toString());
    const payload = Buffer.from(file.envelope.payload, 'base64');
    for (let at = 0; at < payload.length; at++) {
      const flipped = Buffer.from(payload);
      flipped[at]! ^= 1;
      const envelope = { ...file.envelope, payload: flipped.toString('base64') };
      const verdict = verifyCertificate(canonicalBytes({ ...file, envelope }), {});
      if (verdict.ok) throw new Error(`byte ${at} may be changed`);
    }
  });

  test('says nothing under another root, or with another digest on the ledger', async () => {
    const bytes = await signCertificate(done, identity);
    const stranger = (await foundAuthority('ca', 'Birch', new Date())).certificate;
    expect(failed(bytes, { root: stranger }).map(({ name }) => name)).toEqual(['signer']);
    expect(failed(bytes, { recorded: sha256('x') }).map(({ name }) => name)).toEqual(['ledger']);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(failed(await signCertificate(done, { ...identity, key }))[0]?.name).toBe('signature');
  });

  test('is not one that anybody but a gateway of the owner signed', async () => {
    for (const role of ['compute-node', 'admin'])
      expect(failed(await signCertificate(done, await signerAs(role)), { root })).toMatchObject([
        { name: 'signer', sentence: expect.stringMatching(/not a gateway/) },
      ]);
    const theirs = { ...done, erasure: { ...done.erasure, owner: 'BirchMSP' } as ErasureRecord };
    expect(failed(await signCertificate(theirs, identity), { root })).toMatchObject([
      { name: 'signer', sentence: expect.stringMatching(/not one of BirchMSP/) },
    ]);
  });

  const incomplete: readonly [string, Partial<CertifiedErasure>, RegExp][] = [
    [
      'a storage node that was asked for fewer blocks than there were',
      { asked: [node(1, { absent: 1 })] },
      /every block/,
    ],
    [
      'a storage node that was asked before the keys were gone',
      { asked: [node(1, { at: done.requested.at })] },
      /before/,
    ],
    ['a storage node twice', { asked: [node(1), node(1)] }, /twice/],
    ['no storage node', { asked: [] }, /no storage node/],
    ['another version than its subject', { listed: [{ ...done.listed[0]!, version: id('vers', 9) }] }, /subjects/],
  ];
  test.each(incomplete)('is refused with %s, whoever signed it', async (_, change, sentence) => {
    const [check] = failed(await signCertificate({ ...done, ...change }, identity));
    expect(check).toMatchObject({ name: 'erasure', sentence: expect.stringMatching(sentence) });
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another file', '{"v":1}'],
  ])('that is %s is told from one', (_, text) => {
    expect(failed(Buffer.from(text))[0]?.name).toBe('format');
  });
});
